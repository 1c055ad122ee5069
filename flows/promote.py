"""The promote flow: a run at the gate."""

from typing import Any

from prefect import flow

from flows.prepare import prepare
from rakuten.outputs import StageOutput
from rakuten.promotion.stages import same_products
from rakuten.recipes import Plan
from tasks import stages
from tasks.dumps import recorded_dump
from tasks.futures import output_of, outputs_of
from tasks.models import ModelData, predict
from tasks.predictions import fused_model, members_for
from tasks.promotion import (
    Contest,
    conclude,
    contracts_of,
    evaluation_of,
    footprint_of,
    gate_rules,
    open_contest,
    tell_registry,
)


@flow(name="promote", flow_run_name="{run}")
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
    decision = None
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
        footprint=footprint_of(contest.challenger),
        rules=gate_rules(),
    )
    outputs_of({"judgement": judgement})
    return output_of(judgement)


def ask_champion(contest: Contest) -> Any:
    """Submit the champion's answers for the test products of the challenger's dump, and their scores."""
    assert contest.champion is not None
    trained = fused_model(contest.champion.run)
    dump = recorded_dump(contest.challenger)
    clean = prepare(dump, trained.plan.cleaning).clean
    recipes = dict.fromkeys((Plan.model_validate(contest.challenger.plan).split, trained.plan.split))
    splits = [stages.split_products.submit(clean=clean, recipe=recipe) for recipe in recipes]
    asked = stages.keep_test_side.submit(clean=clean, splits=tuple(splits))
    data = ModelData(dump=dump, clean=asked, corpus_words=trained.corpus_words)
    predictions = [predict(member, made, data, "train") for member, made in members_for(trained, dump)]
    fused = stages.apply_fusion.submit(fusion=trained.fusion, predictions=tuple(predictions))
    return stages.evaluate.submit(scored=fused, split=splits[0], name="champion")
