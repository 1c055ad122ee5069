"""Selection of the fusion used for predictions: one-standard-error rule on validation F1, then cross-entropy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from rakuten.errors import InputError
from rakuten.fusion.fitting import Targets, cross_entropy, weighted_f1
from rakuten.recipes.plan import FusionMethod


@dataclass(frozen=True)
class Candidate:
    """Fusion with its out-of-fold probabilities of validation products.

    Attributes:
        method: Fusion method.
        values: (num_samples, num_classes), rows sum to 1.
        targets: int64 (num_samples,), true class indices; equal for all candidates.
    """

    method: FusionMethod
    values: npt.NDArray[np.floating]
    targets: Targets


@dataclass(frozen=True)
class Standing:
    """Validation metrics of a candidate.

    Attributes:
        method: Fusion method.
        validation_f1_weighted, validation_loss: Weighted F1 and cross-entropy.
        behind: Difference from the highest weighted F1.
        margin: One standard error of that difference.
    """

    method: FusionMethod
    validation_f1_weighted: float
    validation_loss: float
    behind: float
    margin: float


@dataclass(frozen=True)
class Choice:
    """Selected candidate and the reason.

    Attributes:
        place: Index of the selected candidate.
        reason: Explanation.
        standings: Validation metrics, one per candidate.
    """

    place: int
    reason: str
    standings: tuple[Standing, ...]


def choose(candidates: Sequence[Candidate], decision: FusionMethod | Literal["auto"]) -> Choice:
    """Select a candidate: a given method, or with "auto" by the one-standard-error rule.

    "auto" selects the lowest cross-entropy among the candidates within one standard error of the highest weighted F1.
    F1 depends on the most probable class only and does not separate these candidates; cross-entropy uses the whole
    distribution.

    Args:
        candidates: At least one.
        decision: Fusion method, or "auto".

    Raises:
        InputError: If no candidate has the given method.

    Reference:
        Breiman, L. et al. (1984). Classification and Regression Trees: the one-standard-error rule.
    """
    scores = [weighted_f1(np.asarray(one.values, np.float64), one.targets) for one in candidates]
    losses = [cross_entropy(np.asarray(one.values, np.float64), one.targets) for one in candidates]
    best = int(np.argmax(scores))
    standings = tuple(
        Standing(one.method, score, loss, scores[best] - score, _standard_error(one, candidates[best]))
        for one, score, loss in zip(candidates, scores, losses, strict=True)
    )
    if decision != "auto":
        places = [place for place, one in enumerate(candidates) if one.method == decision]
        if not places:
            raise InputError(f"no fusion is {decision!r}; there are {[one.method for one in candidates]}")
        return Choice(places[0], "the plan asks for it", standings)
    equals = [place for place, standing in enumerate(standings) if standing.behind <= standing.margin]
    reason = (
        f"it has the smallest cross-entropy on {len(candidates[best].targets):,} validation products among the "
        f"{len(equals)} of {len(candidates)} whose weighted F1 is the highest or within one standard error of it"
    )
    return Choice(min(equals, key=losses.__getitem__), reason, standings)


def _standard_error(one: Candidate, other: Candidate) -> float:
    """Standard error of the difference in accuracy of paired predictions; only discordant pairs contribute."""
    right = [candidate.values.argmax(axis=1) == candidate.targets for candidate in (one, other)]
    return float(np.sqrt(np.count_nonzero(right[0] != right[1])) / max(len(one.targets), 1))
