"""The promote flow: a run at the gate."""

from flows.held_out_products import choose_test_products, predict_test_products
from rakuten.outputs import StageOutput
from rakuten.promotion.contest import Contest
from rakuten.promotion.decisions import require_reason
from rakuten.promotion.naming import NEWEST
from rakuten.promotion.stages import same_products
from rakuten.runs.records import RunRecord
from tasks import stages
from tasks.dumps import recorded_dump
from tasks.futures import outputs_of
from tasks.orchestration.outputs_lock import using_outputs
from tasks.orchestration.project_flow import project_flow
from tasks.predictions import find_package, fitted_products
from tasks.promotion import conclude, contracts_of, gate_rules, open_contest, tell_registry
from tasks.runs import run_book


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
    outputs_of({})
    return judgement


def submit_comparison(contest: Contest, met: RunRecord) -> StageOutput:
    """Submit the judgement of a challenger against the champion."""
    book = run_book()
    champion, challenger = book.evaluation(met), book.evaluation(contest.challenger)
    newest = champion_on_newest = None
    if not same_products(champion, challenger):
        newest, champion_on_newest = predict_newest(contest, met)
    return stages.judge_challenger.submit(
        champion=champion,
        challenger=challenger,
        newest=newest,
        champion_on_newest=champion_on_newest,
        contracts=contracts_of(contest.challenger),
        package=book.output(contest.challenger, "package"),
        rehearsal=rehearse(contest),
        rules=gate_rules(),
    )


def submit_first_judgement(contest: Contest) -> StageOutput:
    """Submit the judgement of a candidate for the first champion."""
    book, challenger = run_book(), contest.challenger
    members = {name: book.evaluation(challenger, name) for name in book.outputs(challenger).models}
    return stages.judge_first_champion.submit(
        candidate=book.evaluation(challenger),
        members=tuple(members.values()),
        names=tuple(members),
        split=book.output(challenger, "split"),
        contracts=contracts_of(challenger),
        package=book.output(challenger, "package"),
        rehearsal=rehearse(contest),
        rules=gate_rules(),
    )


def rehearse(contest: Contest) -> StageOutput:
    """Submit the test products that the challenger was scored on to its package."""
    package, dump = find_package(contest.challenger.run), recorded_dump(contest.challenger)
    return predict_test_products(package, dump, choose_test_products(package, dump).kept)


def predict_newest(contest: Contest, met: RunRecord) -> tuple[StageOutput, StageOutput | None]:
    """Have the champion predict those test products of the challenger's dump that neither model has seen.

    Returns:
        The products, and the champion's scores on them; None: there are no such products.
    """
    package, own = find_package(met.run), find_package(contest.challenger.run)
    dump = recorded_dump(contest.challenger)
    fitted = (fitted_products(package, met), fitted_products(own, contest.challenger))
    chosen = choose_test_products(package, dump, fitted=fitted, others=(own.record.plan.split,))
    kept = chosen.kept
    if not kept.facts["products"]:
        return kept, None
    predicted = predict_test_products(package, dump, kept)
    return kept, stages.evaluate.submit(scored=predicted, split=chosen.split, name="champion")
