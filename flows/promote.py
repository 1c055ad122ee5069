"""The promote flow: a run at the gate."""

from typing import Any

from flows.declaring import project_flow
from flows.unseen import ask_about_unseen
from rakuten.outputs import StageOutput
from rakuten.promotion.decisions import require_reason
from rakuten.promotion.stages import same_products
from rakuten.recipes import Plan
from tasks import stages
from tasks.dumps import recorded_dump
from tasks.futures import output_of, outputs_of
from tasks.in_use import using_outputs
from tasks.predictions import find_package
from tasks.promotion import (
    Contest,
    conclude,
    contracts_of,
    evaluation_of,
    gate_rules,
    open_contest,
    package_of,
    tell_registry,
)


@project_flow("promote")
def promote(run: str = "newest", force: bool = False, reason: str = "") -> str:
    """Make a run's models the champion, if they pass the gate.

    Args:
        run: Id of a retrain run, or the start of one; "newest": the newest completed one.
        force: Promote it whatever the gate would say; needs a reason.
        reason: Why, for the record.

    Returns:
        The decision in words.
    """
    return promote_run(run, force=force, reason=reason)


def promote_run(run: str, *, force: bool = False, reason: str = "") -> str:
    """Decide on a run within the flow that calls this; what was decided before is not tested again."""
    require_reason(force, reason)
    decision = None
    with using_outputs():
        while decision is None:
            contest = open_contest(run, force=force)
            judgement = judge(contest)
            decision = conclude(contest, judgement, force=force, reason=reason)
    tell_registry()
    return decision.words


def judge(contest: Contest) -> StageOutput | None:
    """Hold the challenger against the champion it meets; None where it meets nobody."""
    if contest.champion is None:
        return None
    champion, challenger = evaluation_of(contest.champion), evaluation_of(contest.challenger)
    judgement = stages.judge_challenger.submit(
        champion=champion,
        challenger=challenger,
        champion_on_newest=None if same_products(champion, challenger) else ask_champion(contest),
        contracts=contracts_of(contest.challenger),
        package=package_of(contest.challenger),
        rehearsal=rehearse(contest),
        rules=gate_rules(),
    )
    outputs_of({"judgement": judgement})
    return output_of(judgement)


def rehearse(contest: Contest) -> Any:
    """Submit the test products that the challenger was scored on to its package."""
    package = find_package(contest.challenger.run)
    return ask_about_unseen(package, recorded_dump(contest.challenger))[0]


def ask_champion(contest: Contest) -> Any:
    """Submit the champion's answers for the test products of the challenger's dump, and their scores."""
    assert contest.champion is not None
    package, split = find_package(contest.champion.run), Plan.model_validate(contest.challenger.plan).split
    answers, own_split = ask_about_unseen(package, recorded_dump(contest.challenger), split)
    return stages.evaluate.submit(scored=answers, split=own_split, name="champion")
