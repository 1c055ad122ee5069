"""Commands that train, or say what training would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flows.commands.calling import absolute, call_flow, reporting_errors, show_run
from flows.commands.options import DUMP, MODALITY, PLAN

if TYPE_CHECKING:
    from rakuten.recipes.plan import Modality


@click.command()
@DUMP
@PLAN
@MODALITY
@reporting_errors
def retrain(dump: str, plan: str, modality: Modality) -> None:
    """Train a plan's models on a dump, score them, fuse them and report."""
    from flows.checks import check_retrain

    check_retrain(dump, plan, modality)
    run = call_flow("flows.retrain", "retrain", dump=absolute(dump), plan=plan, modality=modality)
    show_run(run)


@click.command("study-text")
@DUMP
@click.option("--plan", default="text_study", show_default=True, metavar="NAME", help="Plan, or a plan file's path.")
@reporting_errors
def study_text(dump: str, plan: str) -> None:
    """Train every text model on both inputs; ends with a leaderboard beside the report's figures."""
    from flows.checks import check_retrain

    check_retrain(dump, plan, "text")
    show_run(call_flow("flows.study_text", "study_text", dump=absolute(dump), plan=plan))


@click.command()
@DUMP
@PLAN
@MODALITY
@reporting_errors
def plan(dump: str, plan: str, modality: Modality) -> None:
    """Show which stages a retraining would run, which are cached, and why."""
    from flows.checks import check_retrain
    from flows.overview import plan_lines

    check_retrain(dump, plan, modality)
    click.echo("\n".join(plan_lines(absolute(dump), plan, modality)))
