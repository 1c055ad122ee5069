"""The command line: each command calls a flow, or reads what flows left.

Nothing heavy is imported before a command runs, so that `--help` is instant.
"""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from rakuten.data.layout import Part
    from rakuten.recipes.plan import Modality

DUMP = click.option("--dump", required=True, metavar="DIR", help="Folder of the dump.")
PLAN = click.option(
    "--plan", default="default", show_default=True, metavar="NAME", help="Plan, or path of a plan file."
)
MODALITY = click.option(
    "--modality",
    type=click.Choice(["both", "text", "image"]),
    default="both",
    show_default=True,
    help="Train all models of the plan, or those of one modality.",
)
BAD_INPUT = 2
FAILURE = 1
INTERRUPTED = 130


def _reporting_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Show this project's errors as one line; bad input ends with exit code 2, other failures with 1."""

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        from rakuten.errors import InputError, RakutenError

        try:
            command(**arguments)
        except RakutenError as error:
            click.echo(f"rakuten: {error}", err=True)
            _leave(BAD_INPUT if isinstance(error, InputError) else FAILURE)
        except KeyboardInterrupt:
            click.echo("rakuten: interrupted; the same command goes on from here", err=True)
            _leave(INTERRUPTED)
        # Prefect turns SIGTERM into a BaseException of its own; SystemExit is click's.
        except BaseException as error:
            if not isinstance(error, SystemExit | click.ClickException | click.exceptions.Exit):
                traceback.print_exc()
                _leave(FAILURE)
            raise

    return run


def _leave(code: int) -> NoReturn:
    """End this process now: threads of tasks that were under way would go on, asking a server that is gone."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="rakuten-classification")
def main() -> None:
    """Classify a product catalogue into 27 type codes, from titles, descriptions and photos.

    Outputs go to the folder RAKUTEN_OUTPUTS (default: outputs). A command that was interrupted goes on where it was.
    """


@main.command("demo-dump")
@click.argument("folder", metavar="DIR")
@click.option("--products", default=2000, show_default=True, metavar="N", help="Labelled products.")
@click.option("--images", type=int, metavar="N", help="At most so many images.  [default: one a product]")
@click.option("--seed", default=0, show_default=True, metavar="N", help="Same seed, same bytes.")
@click.option("--image-size", default=500, show_default=True, metavar="PIXELS", help="Side of the photos.")
@_reporting_errors
def demo_dump(folder: str, products: int, images: int | None, seed: int, image_size: int) -> None:
    """Write a generated dump in the challenge's layout."""
    from rakuten.data.demo_dump import write_demo_dump

    with _progress_bar("products") as show:
        write_demo_dump(
            Path(folder), num_products=products, num_images=images, seed=seed, image_size=image_size, on_progress=show
        )
    click.echo(f"{products:,} generated products in {folder}")


@main.command()
@DUMP
@_reporting_errors
def validate(dump: str) -> None:
    """Hold a dump against its contracts; writes the quarantine and Data Docs."""
    from flows.checks import check_dump
    from rakuten.errors import ContractError

    check_dump(dump)
    key = _call_flow("flows.validate", "validate_only", dump=_absolute(dump))
    found = _store().find(key)
    assert found is not None
    verdict = found.read_json("verdict.json")
    click.echo("\n".join(verdict["summary"]))
    click.echo(f"\nquarantine  {found.file('quarantine.parquet')}\nData Docs   {found.folder / 'data_docs/index.html'}")
    if not verdict["ok"]:
        raise ContractError("the dump breaks its contracts; see the lines above")


@main.command()
@DUMP
@PLAN
@MODALITY
@_reporting_errors
def retrain(dump: str, plan: str, modality: Modality) -> None:
    """Train a plan's models on a dump, score them, fuse them and report."""
    from flows.checks import check_retrain

    check_retrain(dump, plan, modality)
    run = _call_flow("flows.retrain", "retrain", dump=_absolute(dump), plan=plan, modality=modality)
    _show_run(run)


@main.command("study-text")
@DUMP
@click.option("--plan", default="text_study", show_default=True, metavar="NAME", help="Plan, or a plan file's path.")
@_reporting_errors
def study_text(dump: str, plan: str) -> None:
    """Train every text model on both inputs; ends with a leaderboard beside the report's figures."""
    from flows.checks import check_retrain

    check_retrain(dump, plan, "text")
    _show_run(_call_flow("flows.study_text", "study_text", dump=_absolute(dump), plan=plan))


@main.command()
@DUMP
@click.option("--model", default="newest", show_default=True, metavar="RUN", help="Run whose fused model predicts.")
@click.option("--part", type=click.Choice(["test", "train"]), default="test", show_default=True, help="Which products.")
@click.option("--output", required=True, metavar="FILE.csv", help="Where the submission goes.")
@_reporting_errors
def predict(dump: str, model: str, part: Part, output: str) -> None:
    """Predict the product types of a dump with the fused model of a run."""
    from flows.checks import check_predict

    check_predict(dump, model, part)
    rows = _call_flow(
        "flows.predict", "predict_products", dump=_absolute(dump), output=_absolute(output), model=model, part=part
    )
    click.echo(f"{rows:,} predictions in {output}")


@main.command()
@DUMP
@PLAN
@MODALITY
@_reporting_errors
def plan(dump: str, plan: str, modality: Modality) -> None:
    """Show which stages a retraining would run, which are cached, and why."""
    from flows.checks import check_retrain
    from flows.overview import plan_lines

    check_retrain(dump, plan, modality)
    click.echo("\n".join(plan_lines(_absolute(dump), plan, modality)))


@main.command()
@_reporting_errors
def runs() -> None:
    """List the runs, newest first."""
    from flows.overview import run_lines

    click.echo("\n".join(run_lines(_store())))


@main.command()
@click.argument("run", required=False)
@_reporting_errors
def show(run: str | None) -> None:
    """Show what a run made, its scores and where its files are; without RUN, the newest completed one."""
    _show_run(run)


@main.command()
@_reporting_errors
def ui() -> None:
    """Serve the Prefect UI over the runs of this outputs folder until interrupted."""
    from flows.prefect_server import serve_ui
    from rakuten.settings import Settings

    sys.exit(serve_ui(Settings()))


def _call_flow(module: str, name: str, **parameters: Any) -> Any:
    """Run a flow against the Prefect API that `flows.prefect_server` chooses."""
    import importlib

    from flows.console import quieten
    from flows.prefect_server import prefect_api
    from rakuten.settings import Settings

    # Children and later folders must not depend on where the command was called.
    settings = Settings()
    os.environ["RAKUTEN_OUTPUTS"] = str(settings.outputs_folder)
    with prefect_api(settings, meanwhile=module):
        quieten()
        return getattr(importlib.import_module(module), name)(**parameters)


def _show_run(run: str | None) -> None:
    from flows.overview import record_lines

    click.echo("\n".join(record_lines(_store(), run)))


def _store() -> Any:
    from rakuten.outputs import OutputStore
    from rakuten.settings import Settings

    return OutputStore(Settings().outputs_folder)


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())


def _progress_bar(unit: str) -> Any:
    """A context manager that gives a `(done, total)` callback drawing a bar."""
    from flows.console import progress_bar

    return progress_bar(unit)
