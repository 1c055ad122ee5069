"""Commands that apply what was trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flows.cli.flow_calls import absolute, call_flow, reporting_errors
from flows.cli.options import DUMP

if TYPE_CHECKING:
    from rakuten.dumps.layout import Part


@click.command()
@DUMP
@click.option(
    "--model",
    default="champion",
    show_default=True,
    metavar="NAME",
    help="champion (until there is one, the newest run), newest, a run, or the folder of a model package.",
)
@click.option("--part", type=click.Choice(["test", "train"]), default="test", show_default=True, help="Which products.")
@click.option("--output", required=True, metavar="FILE.csv", help="Where the submission goes.")
@reporting_errors
def predict(dump: str, model: str, part: Part, output: str) -> None:
    """Predict the product types of a dump with the models of a run, or of a package."""
    from flows.cli.preflight import check_predict

    check_predict(dump, model, part, output)
    rows = call_flow(
        "flows.predict", "predict_products", dump=absolute(dump), output=absolute(output), model=model, part=part
    )
    click.echo(f"{rows:,} predictions in {output}")
