"""The conditions that a first champion must meet without a rival."""

import numpy as np
import pytest

from rakuten.catalogue.classes import CODES
from rakuten.promotion.floor import (
    check_calibration_alone,
    check_majority,
    check_members,
    check_origin,
    check_test_products,
)
from rakuten.promotion.gate import Codes, Confidence
from rakuten.promotion.rules import GateRules

RULES = GateRules()


def two_classes(rows: int, accuracy: float, share: float = 0.5, seed: int = 0) -> tuple[Codes, Codes]:
    """True classes, a share of them the first one, and predictions that are right this often."""
    random = np.random.default_rng(seed)
    codes = np.where(random.random(rows) < share, CODES[0], CODES[1])
    wrong = np.where(codes == CODES[0], CODES[1], CODES[0])
    return codes, np.where(random.random(rows) < accuracy, codes, wrong)


def calibrated(rows: int, overconfidence: float = 0.0, seed: int = 0) -> Confidence:
    random = np.random.default_rng(seed)
    confidence = random.uniform(0.4, 0.99, rows)
    return Confidence(confidence, random.random(rows) < confidence - overconfidence)


def test_thirty_test_products_are_too_few() -> None:
    found = check_test_products(30, RULES)
    assert not found.passed
    assert found.words == "30 test products, at least 200 expected"
    assert check_test_products(200, RULES).passed
    assert check_test_products(30, GateRules(test_products=30)).passed


def test_a_model_must_be_better_than_the_majority_class_by_more_than_chance() -> None:
    codes, good = two_classes(300, accuracy=0.9)
    assert check_majority(codes, good, CODES[0], RULES).passed
    always = np.full_like(codes, CODES[0])
    same = check_majority(codes, always, CODES[0], RULES)
    assert not same.passed
    assert same.figures["low"] == 0
    codes, useless = two_classes(300, accuracy=0.5, share=0.9)
    assert not check_majority(codes, useless, CODES[0], RULES).passed


def test_a_fusion_that_is_worse_than_its_own_model_does_not_pass() -> None:
    codes, model = two_classes(1000, accuracy=0.9, seed=1)
    fused = np.where(np.arange(1000) % 20 == 0, CODES[2], model)
    worse = check_members(codes, fused, {"other": two_classes(1000, 0.5, seed=2)[1], "text_ngrams": model}, RULES)
    assert not worse.passed
    assert "its model text_ngrams, the best of 2" in worse.words
    assert check_members(codes, model, {"text_ngrams": model}, RULES).passed, "a single model that is not fused"
    slightly = np.where(np.arange(1000) == 7, CODES[2], model)
    assert check_members(codes, slightly, {"text_ngrams": model}, RULES).passed
    assert not check_members(codes, slightly, {"text_ngrams": model}, GateRules(member_margin=0.0)).passed


def test_an_image_model_is_compared_on_the_products_that_it_sees() -> None:
    codes, text = two_classes(1000, accuracy=0.8, seed=3)
    images = np.where(np.arange(1000) < 100, codes, 0)
    fused = np.where(np.arange(1000) < 100, codes, text)
    found = check_members(codes, fused, {"text": text, "images": images, "none seen": np.zeros_like(codes)}, RULES)
    assert found.passed
    assert found.figures["above images"] == 0
    assert not check_members(codes, text, {"text": text, "images": images}, RULES).passed


def test_calibration_has_a_limit_without_a_rival() -> None:
    assert check_calibration_alone(calibrated(5000), RULES).passed
    found = check_calibration_alone(calibrated(5000, overconfidence=0.2), RULES)
    assert not found.passed
    assert found.words.endswith("limit 0.0500")
    assert not check_calibration_alone(calibrated(200, overconfidence=0.22), RULES).passed


def test_calibrated_models_on_few_products_pass_as_often_as_promised() -> None:
    passed = sum(check_calibration_alone(calibrated(200, seed=seed), RULES).passed for seed in range(200))
    # 95 % of 200 are expected; three standard errors.
    assert passed >= 181


@pytest.mark.parametrize("is_generated", [False, True])
def test_generated_products_are_said_to_be_generated(is_generated: bool) -> None:
    found = check_origin(is_generated)
    assert found.passed is not is_generated
    assert ("generated" in found.words) is is_generated
