"""How numbers are written."""

import pytest

from rakuten.pages import page


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (page.score(0.81249), "0.812"),
        (page.score(0.84, 2), "0.84"),
        (page.score(None), "–"),
        (page.score(float("nan")), "–"),
        (page.count(84916), "84,916"),
        (page.percent(0.125), "12 %"),
        (page.percent(0.001), "< 1 %"),
        (page.percent(0.0), "0 %"),
        (page.percent(0.1234, 1), "12.3 %"),
        (page.percent(0.0004, 1), "< 0.1 %"),
        (page.percent(float("nan")), "–"),
        (page.size(999), "999 bytes"),
        (page.size(27_123), "27.1 kB"),
        (page.size(2_345_000_000), "2.3 GB"),
        (page.duration(8.25), "8.2 s"),
        (page.duration(75.4), "1 min 15 s"),
        (page.duration(59.97), "1 min 00 s"),
        (page.duration(3 * 3600 + 240), "3 h 04 min"),
        (page.signed(0.01234), "+0.012"),
        (page.signed(-0.25), "−0.250"),
        (page.signed(-0.0004), "0.000"),
        (page.similarity(0.9344), "93.4 % alike"),
        (page.similarity(1.0), "alike"),
        (page.short_key("train-v1-0123456789abcdef0123"), "0123456789"),
    ],
)
def test_numbers_are_written_for_people(written: str, expected: str) -> None:
    assert written == expected
