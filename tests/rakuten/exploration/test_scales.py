"""Positions on axes, and what is written at them."""

import pytest

from rakuten.exploration.scales import LinearScale, LogScale, nice_end, short


def test_a_logarithmic_axis_puts_a_decade_beside_a_decade() -> None:
    scale = LogScale(1, 1000)
    assert [scale(value) for value in (1, 10, 100, 1000, 9999, 0)] == [0, 33.33, 66.67, 100, 100, 0]
    assert [tick.text for tick in LogScale(1, 10_000).ticks()] == ["1", "10", "100", "1k", "10k"]
    assert [tick.text for tick in LogScale(4, 60).ticks()] == ["5", "10", "20", "50"]


def test_a_linear_axis_keeps_values_within_it() -> None:
    scale = LinearScale(0, 4)
    assert [scale(value) for value in (-1, 0, 1, 4, 9)] == [0, 0, 25, 100, 100]
    assert [tick.at for tick in scale.ticks([0, 2, 8])] == [0, 50]


@pytest.mark.parametrize(("value", "end"), [(0.37, 0.5), (0.1, 0.1), (21, 25), (0, 1), (99, 100), (3, 5)])
def test_an_axis_ends_at_a_round_number(value: float, end: float) -> None:
    assert nice_end(value) == pytest.approx(end)


@pytest.mark.parametrize(("value", "text"), [(5, "5"), (1500, "1.5k"), (2_000_000, "2M"), (0.25, "0.25")])
def test_ticks_are_short(value: float, text: str) -> None:
    assert short(value) == text
