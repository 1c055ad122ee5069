"""Promotion checks without a champion: test set size, majority-class baseline, single models, calibration, origin."""

import numpy as np

from rakuten.evaluation.randomisation_test import SEED, measure_lead
from rakuten.evaluation.scores import count_confusions, f1_weighted
from rakuten.promotion.gate import (
    CALIBRATION,
    CALIBRATION_DRAWS,
    Check,
    Codes,
    Confidence,
    calibration_error_of,
    calibration_errors,
)
from rakuten.promotion.rules import GateRules

TEST_PRODUCTS = "test products"
MAJORITY = "majority class"
MEMBERS = "members"
ORIGIN = "origin of the data"

# Checks that a user who names a run can waive without --force: weak evidence, but not a broken package.
WAIVABLE = frozenset({TEST_PRODUCTS, MAJORITY, MEMBERS, CALIBRATION, ORIGIN})


def check_test_products(count: int, rules: GateRules) -> Check:
    """Check the number of test products."""
    words = f"{count:,} test products, at least {rules.test_products:,} expected"
    figures = {"test_products": count, "expected": rules.test_products}
    return Check(name=TEST_PRODUCTS, passed=count >= rules.test_products, words=words, figures=figures)


def check_majority(codes: Codes, predicted: Codes, majority: int, rules: GateRules) -> Check:
    """Check that the weighted F1 is significantly higher than that of a majority-class baseline.

    Uses the paired tests that a challenger must pass.

    Args:
        codes, predicted: int64 (num_samples,), true and predicted class codes of the test products.
        majority: Code of the most frequent class of the train products.
        rules: The significance level.
    """
    lead = measure_lead(codes, np.full_like(codes, majority), predicted, level=rules.error_rate)
    words = (
        f"weighted F1 {lead.challenger:.4f} against {lead.champion:.4f} of always predicting {majority} (one-sided "
        f"{100 * (1 - lead.level):.4g} % lower bound of the difference {lead.low:+.4f}); paired randomisation test "
        f"p = {lead.chance:.3g}, significance level {lead.level:.3g}"
    )
    figures = {"f1_weighted": lead.challenger, "majority": lead.champion, "low": lead.low, "chance": lead.chance}
    return Check(name=MAJORITY, passed=lead.is_shown, words=words, figures=figures)


def check_members(codes: Codes, predicted: Codes, members: dict[str, Codes], rules: GateRules) -> Check:
    """Check non-inferiority of the weighted F1 to each single model.

    Args:
        codes, predicted: int64 (num_samples,), true and predicted class codes of the test products.
        members: Predicted class codes of each model by name; 0 for a product without its modality. Each model is
            compared on the products that it predicts.
        rules: The non-inferiority margin.
    """
    differences = {}
    for name, given in members.items():
        seen = given != 0
        if seen.any():
            own, single = (float(f1_weighted(count_confusions(codes[seen], by[seen]))) for by in (predicted, given))
            differences[name] = own - single
    figures = {"margin": rules.member_margin, **{f"above {name}": value for name, value in differences.items()}}
    nearest = min(differences, key=lambda name: differences[name])
    words = (
        f"weighted F1 {differences[nearest]:+.4f} against its model {nearest}, the best of {len(differences)}; "
        f"non-inferiority margin {rules.member_margin:.3f}"
    )
    return Check(name=MEMBERS, passed=differences[nearest] >= -rules.member_margin, words=words, figures=figures)


def check_calibration_alone(model: Confidence, rules: GateRules) -> Check:
    """Check that the expected calibration error is within its limit, or consistent with perfect calibration.

    On few products the error of a perfectly calibrated model is large as well. Its distribution is simulated by
    consistency resampling: each prediction is correct with a probability equal to its confidence.

    Reference:
        Bröcker, J. and Smith, L. A., "Increasing the Reliability of Reliability Diagrams", 2007.
    """
    error = calibration_error_of(model)
    right = np.random.default_rng(SEED).random((CALIBRATION_DRAWS, len(model.right))) < model.confidence
    # `right` is bool (num_draws, num_samples).
    drawn = calibration_errors(model.confidence, right - model.confidence) / len(model.right)
    chance = float(np.quantile(drawn, 1 - rules.error_rate))
    limit = max(rules.calibration_error, chance)
    words = f"expected calibration error {error:.4f}, limit {limit:.4f}"
    if chance > rules.calibration_error:
        words += f" (that of calibrated models on {len(model.right):,} products, {1 - rules.error_rate:.0%} quantile)"
    figures = {"calibration_error": error, "limit": limit, "chance": chance}
    return Check(name=CALIBRATION, passed=error <= limit, words=words, figures=figures)


def check_origin(is_generated: bool) -> Check:
    """Check that the model was not trained on a generated dump."""
    generated = "trained on a generated dump (`rakuten demo-dump`)"
    words = generated if is_generated else "trained on products of the catalogue"
    return Check(name=ORIGIN, passed=not is_generated, words=words)
