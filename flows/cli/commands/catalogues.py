"""Commands on a catalogue: a folder of dumps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flows.cli.flow_calls import absolute, call_flow, prefect_session, reporting_errors, show_run
from flows.cli.options import MODALITY, PLAN

if TYPE_CHECKING:
    from flows.backfill import Only
    from rakuten.recipes.plan import Modality
    from tasks.catalogue import Order

CATALOGUE = click.option(
    "--catalogue",
    default="",
    metavar="DIR",
    help="Folder of dumps, one folder each.  [default: RAKUTEN_CATALOGUE, or catalogue]",
)


@click.command()
@CATALOGUE
@PLAN
@MODALITY
@reporting_errors
def nightly(catalogue: str, plan: str, modality: Modality) -> None:
    """Retrain on the newest complete dump of a catalogue, and hold the models against the champion."""
    from flows.cli.preflight import check_retrain
    from tasks.catalogue import newest_dump

    check_retrain((str(newest_dump(catalogue).path),), plan, modality)
    folder = absolute(catalogue) if catalogue else ""
    show_run(call_flow("flows.nightly", "nightly", catalogue=folder, plan=plan, modality=modality))


@click.command()
@CATALOGUE
@click.option("--first", "--from", "first", default="", metavar="NAME", help="First dump.  [default: the oldest]")
@click.option("--last", "--to", "last", default="", metavar="NAME", help="Last dump.  [default: the newest]")
@click.option(
    "--only",
    type=click.Choice(["all", "features", "scores", "drift"]),
    default="all",
    show_default=True,
    help="Train and score; or do what trainings read; or apply a model; or measure drift.",
)
@PLAN
@click.option(
    "--model", default="champion", show_default=True, metavar="NAME", help="Model that `scores` and `drift` ask."
)
@click.option(
    "--order", type=click.Choice(["oldest", "newest"]), default="oldest", show_default=True, help="Begin with."
)
@click.option("--at-once", type=click.IntRange(1, 16), default=1, show_default=True, help="Dumps at work at a time.")
@click.option("--dry-run", is_flag=True, help="Show the plan and do nothing.")
@reporting_errors
def backfill(
    catalogue: str,
    first: str,
    last: str,
    only: Only,
    plan: str,
    model: str,
    order: Order,
    at_once: int,
    dry_run: bool,
) -> None:
    """Do for every dump of a catalogue what a run does for one; what is there already is not done again."""
    from contextlib import nullcontext

    from flows.cli.preflight import check_backfill
    from flows.cli.run_views import backfill_lines
    from tasks.catalogue import dumps_between

    dumps = dumps_between(catalogue, first, last, order)
    check_backfill(only, plan, model)
    session = nullcontext() if dry_run else prefect_session("flows.backfill")
    with session:
        from flows.backfill import backfill as run_backfill
        from flows.backfill import plan_backfill

        click.echo("\n".join(backfill_lines(plan_backfill(dumps, only, plan, model))))
        if not dry_run:
            folder = absolute(catalogue) if catalogue else ""
            run_backfill(folder, first, last, only=only, plan=plan, model=model, order=order, at_once=at_once)
