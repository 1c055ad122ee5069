"""Promotion checks of a challenger against the champion: F1, classes, calibration, size, latency, contracts."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from rakuten.catalogue.classes import LABELS
from rakuten.evaluation.paired_comparison import ClassDifference, compare
from rakuten.evaluation.randomisation_test import SEED, Lead, measure_lead
from rakuten.promotion.rules import GateRules
from rakuten.statistics.calibration_error import BINS

Codes = npt.NDArray[np.int64]

LEAD = "lead on the champion's test products"
LEAD_ON_NEWEST = "lead on the newest test products"
CLASSES = "classes"
CALIBRATION = "calibration"
SIZE = "size"
REHEARSAL = "rehearsal"
LATENCY = "latency"
CONTRACTS = "contracts"

CALIBRATION_DRAWS = 500
# Another batch size changes rounding, which may flip a prediction close to a tie.
REHEARSAL_SLIPS = 0.001


class Check(BaseModel):
    """Result of one check of the promotion gate.

    Attributes:
        name: Name of the check.
        passed: True if it passed.
        words: Explanation with the decisive figures.
        figures: All figures, by name.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    passed: bool
    words: str
    figures: dict[str, Any] = {}


@dataclass(frozen=True)
class Answers:
    """Predictions of both models for the same products.

    Attributes:
        codes: int64 (num_samples,), class codes.
        champion, challenger: int64 (num_samples,), predicted class codes.
    """

    codes: Codes
    champion: Codes
    challenger: Codes


@dataclass(frozen=True)
class Confidence:
    """Confidence and correctness of a model's predictions.

    Attributes:
        confidence: float64 (num_samples,), probability of the predicted class.
        right: bool (num_samples,), true for a correct prediction.
    """

    confidence: npt.NDArray[np.float64]
    right: npt.NDArray[np.bool_]


def check_lead(name: str, answers: Answers, rules: GateRules) -> Check:
    """Check that the challenger's weighted F1 is significantly higher (paired randomisation test and bootstrap)."""
    lead = measure_lead(answers.codes, answers.champion, answers.challenger, level=rules.level)
    return Check(name=name, passed=lead.is_shown, words=_tell_lead(lead), figures={**asdict(lead), "lead": lead.value})


def check_classes(answers: Answers, rules: GateRules) -> Check:
    """Check non-inferiority of each class's F1.

    A loss counts if it exceeds the margin and is significant. The confidence intervals of all 27 classes are
    simultaneous, so that multiple comparisons do not increase the rate of wrong refusals.
    """
    paired = compare(answers.codes, answers.champion, answers.challenger, interval=1 - 2 * rules.error_rate)
    too_much = [
        found
        for found in paired.classes
        if found.difference.word == "worse" and -found.difference.value > rules.class_margin
    ]
    worst = min(paired.classes, key=lambda found: found.difference.value)
    if too_much:
        words = "; ".join(_tell_loss(found) for found in too_much)
    else:
        words = f"no significant loss above the margin of {rules.class_margin:.3f} F1; largest: {_tell_loss(worst)}"
    figures = {
        "margin": rules.class_margin,
        "classes": [
            {"prdtypecode": found.code, "support": found.support, "champion": found.first, "challenger": found.second}
            | {"low": found.difference.low, "high": found.difference.high, "lost": found in too_much}
            for found in paired.classes
        ],
    }
    return Check(name=CLASSES, passed=not too_much, words=words, figures=figures)


def check_calibration(champion: Confidence, challenger: Confidence, rules: GateRules) -> Check:
    """Check that the expected calibration error is within its limit, or not significantly above the champion's.

    On a few hundred products the error of every model is large, so a paired (Poisson) bootstrap tests the difference.

    Args:
        champion, challenger: Of the same products in the same order.
        rules: Limit and margin.
    """
    errors = [calibration_error_of(model) for model in (champion, challenger)]
    limit = max(rules.calibration_error, errors[0] + rules.calibration_margin)
    weights = np.random.default_rng(SEED).poisson(1.0, size=(CALIBRATION_DRAWS, len(champion.right)))
    drawn = _resampled_errors(challenger, weights) - _resampled_errors(champion, weights)  # (num_draws,)
    low = float(np.quantile(drawn, rules.error_rate))
    words = f"expected calibration error {errors[1]:.4f} against the champion's {errors[0]:.4f}, limit {limit:.4f}"
    if errors[1] > limit and low <= 0:
        words += "; the difference is not significant"
    figures = {"champion": errors[0], "challenger": errors[1], "limit": limit, "low": low}
    return Check(name=CALIBRATION, passed=errors[1] <= limit or low <= 0, words=words, figures=figures)


def check_size(size: int, rules: GateRules) -> Check:
    """Check the size of the package, given in bytes."""
    mib = size / 2**20
    words = f"{mib:,.0f} MiB, limit {rules.size_mib:,.0f}"
    return Check(name=SIZE, passed=mib <= rules.size_mib, words=words, figures={"mib": mib, "limit": rules.size_mib})


def check_rehearsal(scored: Codes, rehearsed: Codes) -> Check:
    """Check that the package reproduces the predictions of the evaluation.

    Args:
        scored, rehearsed: int64 (num_samples,), predicted class codes of the same products.
    """
    differing = int((scored != rehearsed).sum())
    allowed = math.floor(len(scored) * REHEARSAL_SLIPS)
    words = f"{differing:,} of {len(scored):,} test products are predicted differently than when scored"
    figures = {"differing": differing, "allowed": allowed}
    return Check(name=REHEARSAL, passed=bool(len(scored)) and differing <= allowed, words=words, figures=figures)


def check_latency(products_per_second: float, rules: GateRules) -> Check:
    """Check the inference time per product, without the time to load the package."""
    milliseconds = 1000 / max(products_per_second, 1e-3)
    words = f"{milliseconds:.2f} ms a product, limit {rules.milliseconds:g}"
    figures = {"milliseconds": milliseconds, "limit": rules.milliseconds}
    return Check(name=LATENCY, passed=milliseconds <= rules.milliseconds, words=words, figures=figures)


def check_contracts(failures: list[str]) -> Check:
    """Check that the challenger's training data fulfils its contracts.

    Args:
        failures: Violations, one line each.
    """
    words = "; ".join(failures) or "all hold"
    return Check(name=CONTRACTS, passed=not failures, words=words, figures={"failures": failures})


def calibration_error_of(model: Confidence) -> float:
    """Expected calibration error with equal weights; see `rakuten.statistics.calibration_error`."""
    gaps = (model.right - model.confidence)[None]
    return float(calibration_errors(model.confidence, gaps)[0]) / len(model.right)


def calibration_errors(confidence: npt.NDArray[np.float64], gaps: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Unnormalised expected calibration errors: sum over confidence bins of the absolute sum of gaps.

    Args:
        confidence: float64 (num_samples,), determines the bin.
        gaps: float64 (num_draws, num_samples): accuracy (0 or 1) less confidence, times the product's weight.

    Returns:
        float64 (num_draws,); divided by the sum of weights, the expected calibration error.
    """
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    order = np.argsort(bins, kind="stable")
    starts = np.unique(bins[order], return_index=True)[1]
    sums: npt.NDArray[np.float64] = np.abs(np.add.reduceat(gaps[:, order], starts, axis=1)).sum(axis=1)
    return sums


def _resampled_errors(model: Confidence, weights: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Expected calibration error under each row of weights (num_draws, num_samples)."""
    return calibration_errors(model.confidence, weights * (model.right - model.confidence)) / weights.sum(axis=1)


def _tell_lead(lead: Lead) -> str:
    return (
        f"weighted F1 {lead.challenger:.4f} against {lead.champion:.4f}, {lead.value:+.4f} on {lead.rows:,} products "
        f"(one-sided {100 * (1 - lead.level):.4g} % lower bound {lead.low:+.4f}); paired randomisation test "
        f"p = {lead.chance:.3g}, significance level {lead.level:.3g}"
    )


def _tell_loss(found: ClassDifference) -> str:
    return (
        f"{found.code} {LABELS[found.code]} {found.difference.value:+.4f} ({found.first:.3f} → {found.second:.3f}, "
        f"support {found.support:,}, interval {found.difference.low:+.3f} to {found.difference.high:+.3f})"
    )
