"""Commands that train, or say what training would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flows.cli.flow_calls import absolute, call_flow, outputs_store, reporting_errors, show_run
from flows.cli.options import DUMP, DUMPS, MODALITY, PLAN

if TYPE_CHECKING:
    from rakuten.recipes import RateMethod
    from rakuten.recipes.plan import Modality


@click.command()
@DUMPS
@PLAN
@MODALITY
@reporting_errors
def retrain(dumps: tuple[str, ...], plan: str, modality: Modality) -> None:
    """Train a plan's models on a dump, score them, fuse them, report and pack them."""
    from flows.cli.preflight import check_retrain

    check_retrain(dumps, plan, modality)
    first, *more = map(absolute, dumps)
    show_run(call_flow("flows.retrain", "retrain", dump=first, plan=plan, modality=modality, more_dumps=tuple(more)))


@click.command()
@click.option(
    "--model",
    "models",
    required=True,
    multiple=True,
    metavar="RUN:RECIPE",
    help="A model to fuse: a run, or the start of its id, and a recipe that it has trained.",
)
@click.option("--plan", metavar="NAME", help="Plan with the fusion settings, or its file.  [default: the first run's]")
@reporting_errors
def fuse(models: tuple[str, ...], plan: str | None) -> None:
    """Fuse models of several runs on the same products and split; score, report and pack them. Nothing is trained."""
    from flows.cli.preflight import check_fuse

    check_fuse(models, plan)
    show_run(call_flow("flows.fuse", "fuse", models=models, plan=plan))


@click.command("study-text")
@DUMP
@click.option("--plan", default="text_study", show_default=True, metavar="NAME", help="Plan, or a plan file's path.")
@reporting_errors
def study_text(dump: str, plan: str) -> None:
    """Train every text model on both inputs; ends with a leaderboard beside the report's figures."""
    from flows.cli.preflight import check_retrain

    check_retrain((dump,), plan, "text")
    show_run(call_flow("flows.studies.text", "study_text", dump=absolute(dump), plan=plan))


@click.command("study-images")
@DUMP
@click.option(
    "--plan", default="image_study", show_default=True, metavar="NAME", help="Image study, or its file's path."
)
@click.option(
    "--backbones", metavar="NAMES", default="", help="Backbones to study, with commas.  [default: the plan's]"
)
@click.option("--image-limit", type=click.IntRange(min=1), metavar="N", help="At most so many photos, always the same.")
@reporting_errors
def study_images(dump: str, plan: str, backbones: str, image_limit: int | None) -> None:
    """Compare pre-trained networks on the photos, in the report's five steps."""
    from flows.cli.preflight import check_study_images

    names = tuple(name.strip() for name in backbones.split(",") if name.strip())
    check_study_images(dump, plan, names)
    parameters = {"plan": plan, "backbones": names, "image_limit": image_limit}
    show_run(call_flow("flows.studies.images", "study_images", dump=absolute(dump), **parameters))


@click.command("find-lr")
@DUMP
@click.option("--recipe", required=True, metavar="NAME", help="Recipe of a Keras network, or path of a recipe file.")
@click.option(
    "--method",
    type=click.Choice(["batch", "epoch"]),
    default="batch",
    show_default=True,
    help="Try a rate a batch, or a rate an epoch as the report did.",
)
@click.option(
    "--steps",
    type=int,
    metavar="N",
    help="Rates of the range test.  [default: 300 a batch each, at least 100; 100 an epoch each, at least 20]",
)
@reporting_errors
def find_lr(dump: str, recipe: str, method: RateMethod, steps: int | None) -> None:
    """Find the learning rate of a recipe's network on a dump, to be copied into the recipe.

    A range test finds a rate; short fits compare it with a third and a tenth of it and with the recipe's own.
    """
    from flows.cli.preflight import check_find_rate
    from flows.cli.run_views import rate_lines

    check_find_rate(dump, recipe, method, steps)
    keys = call_flow(
        "flows.find_lr", "find_learning_rate", dump=absolute(dump), recipe=recipe, method=method, steps=steps
    )
    click.echo("\n".join(rate_lines(outputs_store(), keys["found"], keys["picture"])))


@click.command()
@DUMPS
@PLAN
@MODALITY
@reporting_errors
def plan(dumps: tuple[str, ...], plan: str, modality: Modality) -> None:
    """Show which stages a retraining would run, which are cached, and why."""
    from flows.cli.preflight import check_retrain
    from flows.cli.run_views import plan_lines

    check_retrain(dumps, plan, modality)
    click.echo("\n".join(plan_lines([absolute(dump) for dump in dumps], plan, modality)))
