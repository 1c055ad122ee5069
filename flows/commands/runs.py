"""Commands that look at runs."""

import sys

import click

from flows.commands.calling import outputs_store, reporting_errors, show_run


@click.command()
@reporting_errors
def runs() -> None:
    """List the runs, newest first."""
    from flows.overview import run_lines

    click.echo("\n".join(run_lines(outputs_store())))


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
    from flows.comparison import comparison_lines

    click.echo("\n".join(comparison_lines(outputs_store(), first, second)))


@click.command()
@reporting_errors
def ui() -> None:
    """Serve the Prefect UI over the runs of this outputs folder until interrupted."""
    from flows.prefect_server import serve_ui
    from rakuten.settings import Settings

    sys.exit(serve_ui(Settings()))
