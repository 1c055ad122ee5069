"""Which of several fusions decides: the surest of those that no validation row proves worse."""

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
    """A fusion and what it answers validation rows that it was not fitted to.

    Attributes:
        method: How it fuses.
        values: (num_rows, 27), rows sum to 1.
        targets: int64 (num_rows,), columns of the true classes; of all candidates the same.
    """

    method: FusionMethod
    values: npt.NDArray[np.floating]
    targets: Targets


@dataclass(frozen=True)
class Standing:
    """How a candidate compares on the validation rows.

    Attributes:
        method: How it fuses.
        validation_f1_weighted, validation_loss: Its weighted F1 and cross-entropy.
        behind: Points of weighted F1 behind the highest.
        margin: One standard error of the difference to the candidate that has it.
    """

    method: FusionMethod
    validation_f1_weighted: float
    validation_loss: float
    behind: float
    margin: float


@dataclass(frozen=True)
class Choice:
    """What was chosen and why.

    Attributes:
        place: Of the chosen one among the candidates.
        reason: In words.
        standings: One a candidate.
    """

    place: int
    reason: str
    standings: tuple[Standing, ...]


def choose(candidates: Sequence[Candidate], decision: FusionMethod | Literal["auto"]) -> Choice:
    """The candidate asked for; with "auto", the one of the smallest cross-entropy among those as good as the best.

    As good is whatever lies no more than one standard error of the difference behind the highest weighted F1: F1 sees
    only the most probable class and cannot tell such candidates apart; cross-entropy sees all that they say.

    Args:
        candidates: At least one.
        decision: What was asked for.

    Raises:
        InputError: If no candidate is of the method asked for.

    Reference:
        Breiman, L. et al. (1984). Classification and Regression Trees: the one standard error rule.
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
    """Of the difference of their shares of right answers: rows that both get right or both wrong do not count."""
    right = [candidate.values.argmax(axis=1) == candidate.targets for candidate in (one, other)]
    return float(np.sqrt(np.count_nonzero(right[0] != right[1])) / max(len(one.targets), 1))
