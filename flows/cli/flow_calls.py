"""What every command does: call a flow, show a run, turn errors into a line and an exit code."""

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from rakuten.outputs import OutputStore

SUCCESS = 0


def reporting_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Show every error as one line; bad input ends with exit code 2, other failures with 1."""

    @functools.wraps(command)
    def run(**arguments: object) -> None:
        from flows.cli.failures import report

        try:
            _warn_of_unknown_settings()
            command(**arguments)
            sys.stdout.flush()
        # Prefect turns SIGTERM into a BaseException of its own; those that go on are click's.
        except BaseException as error:
            if isinstance(error, SystemExit | click.ClickException | click.exceptions.Exit | click.Abort):
                raise
            _leave(report(error))
        if "prefect" in sys.modules:
            # All is sent and shown: Prefect's threads and exit handlers would hold the prompt up for seconds.
            _leave(SUCCESS)

    return run


def _warn_of_unknown_settings() -> None:
    from rakuten.settings import unknown_settings

    for line in unknown_settings(os.environ):
        click.echo(f"rakuten: {line}", err=True)


def _leave(code: int) -> NoReturn:
    """End this process now: threads of tasks that were under way would go on, asking a server that is gone."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def prefect_session(module: str) -> Iterator[ModuleType]:
    """A module of flows, imported with the Prefect API that `deployments.server.session` chooses."""
    import importlib

    from deployments.server.session import prefect_api
    from flows.cli.preflight import check_outputs
    from rakuten.pages.terminal import quieten
    from rakuten.settings import Settings

    # Children and later folders must not depend on where the command was called.
    settings = Settings()
    check_outputs(settings, to_write=True)
    os.environ["RAKUTEN_OUTPUTS"] = str(settings.outputs_folder)
    with prefect_api(settings, meanwhile=module):
        quieten()
        yield importlib.import_module(module)


def call_flow(module: str, name: str, **parameters: object) -> Any:  # noqa: ANN401  # a module is loaded by its name
    """Run a flow in a session of its own."""
    with prefect_session(module) as flows:
        return getattr(flows, name)(**parameters)


def show_run(run: str | None) -> None:
    """Print what a run made; None: the newest completed one."""
    from flows.cli.run_views import record_lines

    click.echo("\n".join(record_lines(outputs_store(), run)))


def outputs_store() -> "OutputStore":
    """The store of this machine's outputs folder."""
    from flows.cli.preflight import check_outputs
    from rakuten.outputs import OutputStore
    from rakuten.settings import Settings

    return OutputStore(check_outputs(Settings()))


def absolute(path: str) -> str:
    """A path as it is meant where the command was typed."""
    from rakuten.paths import named_path

    return str(named_path(path))
