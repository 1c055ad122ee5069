"""The backfill flow: one run for each dump of a catalogue."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Literal

from prefect import Flow
from pydantic import Field

from flows.drift import drift
from flows.dry_run import expected_stages
from flows.features import features
from flows.retrain import retrain
from flows.score import score
from rakuten.dumps.catalogue_folder import CataloguedDump
from rakuten.errors import BackfillError
from rakuten.pages.terminal import table_of
from rakuten.promotion.naming import CHAMPION
from tasks.backfills import BackfillPlanner, DumpPlan, outcome_rows, publish_outcome, publish_plan
from tasks.catalogue import Order, dumps_between
from tasks.orchestration.child_flows import run_each
from tasks.orchestration.flow_parameters import PlanName
from tasks.orchestration.nightly_priority import giving_way
from tasks.orchestration.outputs_lock import using_outputs
from tasks.orchestration.project_flow import project_flow

logger = logging.getLogger("rakuten.backfill")

Only = Literal["all", "features", "scores", "drift"]

# Which flow does it for one dump, and which of the backfill's parameters it takes.
WORK: dict[Only, tuple[Flow[..., str], tuple[str, ...]]] = {
    "all": (retrain, ("plan",)),
    "features": (features, ("plan",)),
    "scores": (score, ("model",)),
    "drift": (drift, ("model",)),
}


@project_flow("backfill")
def backfill(
    catalogue: str = "",
    first: str = "",
    last: str = "",
    only: Only = "all",
    plan: PlanName = "default",
    model: str = CHAMPION,
    order: Order = "oldest",
    at_once: Annotated[int, Field(ge=1, le=16)] = 1,
) -> list[dict[str, object]]:
    """Do for every dump of a catalogue what a single run does for one; what is there already is not done again.

    Args:
        catalogue: Folder of dumps; empty: the folder RAKUTEN_CATALOGUE of the machine that runs it.
        first: Name of the first dump; empty: the oldest.
        last: Name of the last dump; empty: the newest.
        only: "all" trains and scores, "features" does what trainings read and trains nothing, "scores" applies the
            fused model of an earlier run.
        plan: Name of a plan, or path of a plan file; "scores" uses the model's.
        model: What "scores" applies, as in predict: "champion", "newest", a run, or the folder of a package.
        order: Which dump comes first, the oldest or the newest.
        at_once: Dumps at work at a time; trainings are bounded by the machine's slots all the same.

    Returns:
        What came of it, a row a dump.

    Raises:
        BackfillError: If the run of a dump failed; the others are finished first.
    """
    dumps = dumps_between(catalogue, first, last, order)
    publish_plan(plan_backfill(dumps, only, plan, model))
    flow, takes = WORK[only]
    asked = {name: value for name, value in (("plan", plan), ("model", model)) if name in takes}
    with using_outputs(), giving_way():
        states = run_each(flow, [{"dump": str(dump.path), **asked} for dump in dumps], at_once)
    rows = outcome_rows([dump.path for dump in dumps], states)
    publish_outcome(rows)
    logger.info("the dumps of this backfill:\n%s", "\n".join(table_of(rows)))
    if failed := [str(row["dump"]) for row in rows if row["state"] != "Completed"]:
        raise BackfillError(f"{len(failed)} of {len(rows)} dumps failed: {', '.join(failed)}")
    return rows


def plan_backfill(dumps: Sequence[CataloguedDump], only: Only, plan: str, model: str) -> list[DumpPlan]:
    """What is left to do for each dump; also shown by `rakuten backfill` before it begins."""
    flow = WORK[only][0].name
    planner = BackfillPlanner()
    return [
        planner.plan(dump.name, partial(expected_stages, flow, (str(dump.path),), plan=plan, model=model))
        for dump in dumps
    ]
