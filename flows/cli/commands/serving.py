"""Commands that run for long: the server with its worker, a worker alone, and telling a server of this project."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from flows.cli.flow_calls import reporting_errors

FILE = click.option(
    "--file",
    "deployments",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="YAML",
    help="Deployments' file.  [default: the project's own]",
)


@click.command()
@FILE
@reporting_errors
def serve(deployments: Path | None) -> None:
    """Run Prefect's server, UI and a worker with all deployments until interrupted."""
    from deployments.serve import serve as run_serve
    from rakuten.settings import Settings

    run_serve(Settings(), deployments)


@click.command()
@FILE
@reporting_errors
def deploy(deployments: Path | None) -> None:
    """Tell the server that PREFECT_API_URL names of work pool, deployments and automations."""
    from deployments.server.api import named_api
    from deployments.status import registered_lines
    from flows.cli.flow_calls import prefect_session
    from rakuten.settings import Settings

    address = named_api("register with")
    with prefect_session("deployments.set_up") as session:
        session.set_up(Settings(), deployments or session.DEPLOYMENTS, anew=True)
    click.echo("\n".join(registered_lines(address)))


@click.command()
@reporting_errors
def worker() -> None:
    """Carry out runs of the server that PREFECT_API_URL names, until interrupted."""
    from deployments.serve import work
    from deployments.server.api import named_api, require_api
    from rakuten.settings import Settings

    require_api(named_api("work for"))
    sys.exit(work(Settings()))
