"""Commands that look at runs."""

import json
import sys

import click

from flows.cli.flow_calls import outputs_store, reporting_errors, show_run


@click.command()
@click.option("--flow", metavar="NAME", help="Only runs of this flow, e.g. retrain.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N.  [default: all]")
@click.option("--json", "as_json", is_flag=True, help="A JSON list with all that is recorded, for programs.")
@reporting_errors
def runs(flow: str | None, limit: int | None, as_json: bool) -> None:
    """List the runs, newest first: state, duration, scores, and which one is the champion."""
    from flows.cli.run_views import run_records, run_table

    store = outputs_store()
    found = run_records(store, flow, limit)
    click.echo(json.dumps(found, indent=2) if as_json else "\n".join(run_table(store, found)))


@click.command()
@click.argument("run", required=False)
@reporting_errors
def show(run: str | None) -> None:
    """Show what a run made, its scores and where its files are; without RUN, the newest completed one."""
    show_run(run)


@click.command()
@click.argument("first", metavar="RUN")
@click.argument("second", metavar="RUN")
@reporting_errors
def compare(first: str, second: str) -> None:
    """Compare two runs on the test products of both: is the second better, where, and for which products."""
    from flows.cli.comparison_view import comparison_lines

    click.echo("\n".join(comparison_lines(outputs_store(), first, second)))


@click.command()
@reporting_errors
def ui() -> None:
    """Serve the Prefect UI over the runs of this outputs folder until interrupted."""
    from deployments.server.session import serve_ui
    from rakuten.settings import Settings

    sys.exit(serve_ui(Settings()))
