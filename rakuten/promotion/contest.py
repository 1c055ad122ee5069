"""Promotion decision: challenger, champion, results of the gate's checks, and the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass

from rakuten.promotion.champions import Standing
from rakuten.promotion.decisions import Candidate, Decision, Outcome, now
from rakuten.promotion.floor import WAIVABLE, check_origin
from rakuten.promotion.gate import Check
from rakuten.runs.records import RunRecord


@dataclass(frozen=True)
class Contest:
    """Promotion case: a challenger and the champion it is compared with.

    Attributes:
        standing: State of the champion record at the start.
        challenger: The challenger's run.
        candidate: The challenger's package.
        champion: The champion's run; None without a comparison: there is no champion, the challenger is the champion or
            was rolled back, or the promotion is forced.
        is_for_first_champion: True if there is no champion to compare with, or only one trained on generated products
            while the challenger's products are real.
    """

    standing: Standing
    challenger: RunRecord
    candidate: Candidate
    champion: RunRecord | None
    is_for_first_champion: bool = False


def decide(
    contest: Contest, checks: Sequence[Check], judgement: str | None, *, force: bool, reason: str, named: bool
) -> Decision:
    """Decide on a challenger.

    Args:
        contest: The challenger and the champion.
        checks: Results of the gate's checks; empty without a comparison.
        judgement: Key of the stage output with the checks, or None.
        force: True to override the gate.
        reason: The user's reason.
        named: True if a user named this run: then a first champion may fail the checks in `WAIVABLE`.
    """
    met = contest.standing.champion
    package = contest.candidate.package
    against = met.candidate.run if met else None
    shown: tuple[Check, ...] = ()
    if met is not None and package == met.candidate.package:
        outcome, reason = Outcome.UNCHANGED, f"it is what the champion {against} predicts with already"
    elif force:
        outcome = Outcome.PROMOTED
    elif package in contest.standing.withdrawn:
        outcome, reason = Outcome.REFUSED, "it was rolled back; --force promotes it all the same"
    else:
        shown = (*checks, *_origin(contest))
        outcome, said = _outcome(contest, shown, named=named)
        reason = said or reason
    return Decision(
        outcome=outcome,
        candidate=contest.candidate,
        against=against,
        checks=shown,
        forced=force and outcome is Outcome.PROMOTED,
        reason=reason,
        judgement=judgement,
        decided=now(),
    )


def _origin(contest: Contest) -> tuple[Check, ...]:
    """Check that the model was not trained on generated products.

    Omitted if the champion was trained on generated products as well (a demonstration).
    """
    met, candidate = contest.standing.champion, contest.candidate
    is_demonstration = met is not None and met.candidate.generated and candidate.generated
    return () if is_demonstration else (check_origin(candidate.generated),)


def _outcome(contest: Contest, checks: Sequence[Check], *, named: bool) -> tuple[Outcome, str]:
    """Outcome of the checks, and for a first champion the reason."""
    failed = {check.name for check in checks if not check.passed}
    if not contest.is_for_first_champion:
        return (Outcome.REFUSED if failed else Outcome.PROMOTED), ""
    if not failed:
        return Outcome.PROMOTED, "the first champion"
    if named and failed <= WAIVABLE:
        return Outcome.PROMOTED, "the first champion, named by a person although a check fails"
    force = "" if failed <= WAIVABLE else " --force --reason TEXT"
    run = contest.challenger.run
    return Outcome.REFUSED, f"not the first champion by itself; a person can decide so: `rakuten promote {run}{force}`"
