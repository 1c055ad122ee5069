"""The promote flow: a run at the gate."""

from typing import Any

from flows.declaring import project_flow
from flows.unseen import choose_test_products, predict_test_products
from rakuten.outputs import StageOutput
from rakuten.outputs.runs import RunRecord
from rakuten.promotion.contest import Contest
from rakuten.promotion.decisions import require_reason
from rakuten.promotion.naming import NEWEST
from rakuten.promotion.stages import same_products
from tasks import stages
from tasks.dumps import recorded_dump
from tasks.futures import output_of, outputs_of
from tasks.in_use import using_outputs
from tasks.predictions import find_package, fitted_products
from tasks.promotion import (
    conclude,
    contracts_of,
    evaluation_of,
    gate_rules,
    member_evaluations_of,
    open_contest,
    package_of,
    split_of,
    tell_registry,
)


@project_flow("promote")
def promote(run: str = "newest", force: bool = False, reason: str = "") -> str:
    """Make a run's models the champion, if they pass the gate.

    Args:
        run: Id of a retrain run, or the start of one; "newest": the newest completed one. As long as there is no
            champion, naming a run promotes it though the evidence for it be thin.
        force: Promote it whatever the gate would say; needs a reason.
        reason: Why, for the record.

    Returns:
        The decision in words.
    """
    return promote_run(run, force=force, reason=reason, named=run != NEWEST)


def promote_run(run: str, *, force: bool = False, reason: str = "", named: bool = False) -> str:
    """Decide on a run within the flow that calls this; what was decided before is not tested again.

    Args:
        run, force, reason: As `promote` takes them.
        named: Whether a person chose this run.
    """
    require_reason(force, reason)
    decision = None
    with using_outputs():
        while decision is None:
            contest = open_contest(run, force=force)
            judgement = judge(contest)
            decision = conclude(contest, judgement, force=force, reason=reason, named=named)
    tell_registry()
    return decision.words


def judge(contest: Contest) -> StageOutput | None:
    """Compare the challenger with the champion, or judge it alone; None where there is nothing to judge."""
    if contest.champion is not None:
        judgement = submit_comparison(contest, contest.champion)
    elif contest.is_for_first_champion:
        judgement = submit_first_judgement(contest)
    else:
        return None
    outputs_of({"judgement": judgement})
    return output_of(judgement)


def submit_comparison(contest: Contest, met: RunRecord) -> Any:
    """Submit the judgement of a challenger against the champion."""
    champion, challenger = evaluation_of(met), evaluation_of(contest.challenger)
    newest = champion_on_newest = None
    if not same_products(champion, challenger):
        newest, champion_on_newest = predict_newest(contest, met)
    return stages.judge_challenger.submit(
        champion=champion,
        challenger=challenger,
        newest=newest,
        champion_on_newest=champion_on_newest,
        contracts=contracts_of(contest.challenger),
        package=package_of(contest.challenger),
        rehearsal=rehearse(contest),
        rules=gate_rules(),
    )


def submit_first_judgement(contest: Contest) -> Any:
    """Submit the judgement of a candidate for the first champion."""
    members = member_evaluations_of(contest.challenger)
    return stages.judge_first_champion.submit(
        candidate=evaluation_of(contest.challenger),
        members=tuple(members.values()),
        names=tuple(members),
        split=split_of(contest.challenger),
        contracts=contracts_of(contest.challenger),
        package=package_of(contest.challenger),
        rehearsal=rehearse(contest),
        rules=gate_rules(),
    )


def rehearse(contest: Contest) -> Any:
    """Submit the test products that the challenger was scored on to its package."""
    package, dump = find_package(contest.challenger.run), recorded_dump(contest.challenger)
    return predict_test_products(package, dump, choose_test_products(package, dump).kept)


def predict_newest(contest: Contest, met: RunRecord) -> tuple[StageOutput, Any]:
    """Have the champion predict those test products of the challenger's dump that neither model has seen.

    Returns:
        The products, and a future of the champion's scores on them; None: there are no such products.
    """
    package, own = find_package(met.run), find_package(contest.challenger.run)
    dump = recorded_dump(contest.challenger)
    fitted = (fitted_products(package, met), fitted_products(own, contest.challenger))
    chosen = choose_test_products(package, dump, fitted=fitted, others=(own.record.plan.split,))
    kept = output_of(chosen.kept)
    if not kept.facts["products"]:
        return kept, None
    predicted = predict_test_products(package, dump, kept)
    return kept, stages.evaluate.submit(scored=predicted, split=chosen.split, name="champion")
