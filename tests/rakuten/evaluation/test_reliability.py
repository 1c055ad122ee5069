"""Whether probabilities can be taken at their word."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rakuten.data.probabilities import Probabilities
from rakuten.evaluation.ground_truth import Truth
from rakuten.evaluation.plots import draw_reliability
from rakuten.evaluation.reliability import calibrate, reliability


def test_answers_are_grouped_by_how_sure_they_are() -> None:
    values = np.zeros((5, 27), np.float32)
    values[:, 1] = [0.95, 0.95, 0.55, 1.0, 0.95]
    values[:, 0] = 1 - values[:, 1]
    found = reliability(values, np.array([1, 1, 0, 1, 0]))
    assert found["rows"].tolist() == [0, 0, 0, 0, 0, 1, 0, 0, 0, 4]
    assert found["accuracy"].iat[9] == 0.75
    assert found["confidence"].iat[9] == pytest.approx(0.9625)
    assert found["accuracy"].iat[5] == 0
    assert found["accuracy"].isna().sum() == 8


@pytest.fixture
def too_sure(hand_made: Any) -> tuple[Probabilities, Truth, Truth]:
    """Probabilities of 0.97 that are right in two cases of three, of 300 validation and 300 test products."""
    generator = np.random.default_rng(0)
    ids, codes = np.arange(600), generator.choice([10, 40, 50], 600)
    answers = np.where(generator.random(600) < 2 / 3, codes, 60)
    probabilities = hand_made.sure_of(ids.tolist(), answers.tolist(), 0.97)
    return probabilities, Truth(ids[:300], codes[:300]), Truth(ids[300:], codes[300:])


def test_a_temperature_from_validation_products_corrects_test_products(
    too_sure: tuple[Probabilities, Truth, Truth],
) -> None:
    found = calibrate(*too_sure)
    assert found.temperature is not None
    assert found.after is not None
    assert found.temperature > 1.5
    assert found.before == pytest.approx(0.3, abs=0.06)
    assert found.after < 0.1
    assert found.bins["at"].tolist() == ["before"] * 10 + ["after"] * 10


def test_classes_of_test_products_do_not_move_the_temperature(too_sure: tuple[Probabilities, Truth, Truth]) -> None:
    probabilities, validation, test = too_sure
    other = Truth(test.productids, test.codes[::-1].copy())
    assert calibrate(probabilities, validation, other).temperature == calibrate(*too_sure).temperature


def test_without_validation_products_nothing_is_corrected(too_sure: tuple[Probabilities, Truth, Truth]) -> None:
    probabilities, validation, test = too_sure
    none = Truth(validation.productids[:0], validation.codes[:0])
    found = calibrate(probabilities.of(test.productids), none, test)
    assert (found.temperature, found.after) == (None, None)
    assert set(found.bins["at"]) == {"before"}


@pytest.mark.parametrize("with_validation", [True, False])
def test_diagram_has_the_same_bytes_each_time(
    too_sure: tuple[Probabilities, Truth, Truth], tmp_path: Path, with_validation: bool
) -> None:
    probabilities, validation, test = too_sure
    known = validation if with_validation else Truth(validation.productids[:0], validation.codes[:0])
    for name in ("a.png", "b.png"):
        draw_reliability(calibrate(probabilities, known, test), "text_dnn", tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
