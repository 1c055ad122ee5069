"""The gate's conditions one by one, and its rules."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from two_models import two_models

from rakuten.catalogue.classes import CODES
from rakuten.errors import RecipeError
from rakuten.promotion.gate import (
    Answers,
    Confidence,
    check_calibration,
    check_classes,
    check_contracts,
    check_latency,
    check_lead,
    check_rehearsal,
    check_size,
)
from rakuten.promotion.rules import GateRules, load_rules
from rakuten.statistics.calibration_error import calibration_error

RULES = GateRules()


def spoilt(answers: Answers, code: int, share: float) -> Answers:
    """The challenger gives a share of a class's products to another class."""
    random = np.random.default_rng(99)
    wrong = (answers.codes == code) & (random.random(len(answers.codes)) < share)
    other = CODES[(CODES.index(code) + 1) % len(CODES)]
    return Answers(answers.codes, answers.champion, np.where(wrong, other, answers.challenger))


def test_a_class_that_is_lost_holds_a_challenger_back_though_it_leads() -> None:
    ahead = two_models(6000, seed=0, phi=0.9, better=0.2)
    lost = spoilt(ahead, 2705, 0.5)
    assert check_lead("lead", lost, RULES).passed
    assert check_classes(ahead, RULES).passed
    found = check_classes(lost, RULES)
    assert not found.passed
    assert "2705 books -" in found.words
    assert [row["prdtypecode"] for row in found.figures["classes"] if row["lost"]] == [2705, 2905], (
        "the class that its products are taken for has lost precision"
    )


def test_a_loss_below_the_margin_is_borne_however_sure_it_is() -> None:
    lost = spoilt(two_models(6000, seed=0, phi=1.0), 2583, 0.05)
    assert not check_classes(lost, GateRules(class_margin=0.001)).passed
    assert check_classes(lost, GateRules(class_margin=0.1)).passed


def test_equal_challengers_are_seldom_held_back_for_one_of_27_classes() -> None:
    held_back = sum(not check_classes(two_models(1000, seed, phi=0.7), RULES).passed for seed in range(20))
    assert held_back <= 3


def sure(rows: int, too_sure: float, seed: int = 0) -> Confidence:
    """A model that is right in 80 % of cases and says so, plus something."""
    random = np.random.default_rng(seed)
    confidence = np.clip(random.normal(0.8 + too_sure, 0.05, rows), 0.1, 1.0)
    return Confidence(confidence, random.random(rows) < confidence - too_sure)


def test_calibration_may_be_as_bad_as_the_champions_but_not_worse() -> None:
    assert check_calibration(sure(5000, 0.0), sure(5000, 0.03, 1), RULES).passed
    assert not check_calibration(sure(5000, 0.0), sure(5000, 0.1, 1), RULES).passed
    assert check_calibration(sure(5000, 0.1), sure(5000, 0.1, 1), RULES).passed


def test_a_calibration_error_that_few_products_explain_is_no_reason() -> None:
    found = check_calibration(sure(100, 0.0, 2), sure(100, 0.0, 5), RULES)
    assert found.figures["challenger"] > found.figures["limit"], found.words
    assert found.passed
    assert found.words.endswith("the difference is not significant")


def test_the_calibration_error_is_that_of_the_scores() -> None:
    model = sure(300, 0.1)
    values = np.zeros((300, 27), np.float32)
    values[:, 0], values[:, 1] = model.confidence, 1 - model.confidence
    expected = calibration_error(values, np.where(model.right, 0, 1))
    assert check_calibration(model, model, RULES).figures["champion"] == pytest.approx(expected, abs=1e-6)


def test_size_and_time_have_limits() -> None:
    assert check_size(2**20, RULES).passed
    assert not check_size(5 * 2**30, RULES).passed
    assert check_size(5 * 2**30, RULES).words == "5,120 MiB, limit 4,096"
    assert check_latency(500, RULES).words == "2.00 ms a product, limit 100"
    assert not check_latency(8, RULES).passed
    assert not check_latency(0, RULES).passed


def test_a_package_that_answers_otherwise_than_it_was_scored_fails_its_rehearsal() -> None:
    scored = two_models(2000, seed=0).champion
    slips = scored.copy()
    slips[:2] = np.roll(np.array(CODES), 1)[[CODES.index(code) for code in scored[:2]]]
    assert check_rehearsal(scored, slips).passed
    assert check_rehearsal(scored, slips).figures == {"differing": 2, "allowed": 2}
    assert not check_rehearsal(scored[:1000], slips[:1000]).passed
    assert not check_rehearsal(scored[:0], scored[:0]).passed


def test_a_broken_contract_is_a_reason() -> None:
    assert check_contracts([]).passed
    broken = check_contracts(["labels: 3 of 10 rows are null"])
    assert not broken.passed
    assert broken.words == "labels: 3 of 10 rows are null"


def test_what_a_lead_says_can_be_read_by_itself() -> None:
    words = check_lead("lead", two_models(2000, seed=1, better=0.2), RULES).words
    assert words.startswith("weighted F1 0.")
    assert "on 2,000 products" in words
    assert "significance level 0.05" in words


def test_rules_over_many_nights_test_each_night_finer() -> None:
    assert GateRules(nights=20).level == pytest.approx(0.0025)
    with pytest.raises(ValidationError, match="finer than"):
        GateRules(nights=365)


def test_rules_come_from_a_file_and_unknown_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text("nights = 30\nclass_margin = 0.05\n", "utf-8")
    assert load_rules(path) == GateRules(nights=30, class_margin=0.05)
    assert load_rules(None) == GateRules()
    path.write_text("alpha = 0.1\n", "utf-8")
    with pytest.raises(RecipeError, match="alpha"):
        load_rules(path)
    with pytest.raises(RecipeError, match="absent"):
        load_rules(tmp_path / "absent.toml")
