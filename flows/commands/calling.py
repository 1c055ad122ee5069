"""What every command does: call a flow, show a run, turn this project's errors into a line and an exit code."""

import functools
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

BAD_INPUT = 2
FAILURE = 1
SUCCESS = 0
INTERRUPTED = 130


def reporting_errors(command: Callable[..., None]) -> Callable[..., None]:
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
        if "prefect" in sys.modules:
            # All is sent and shown: Prefect's threads and exit handlers would hold the prompt up for seconds.
            _leave(SUCCESS)

    return run


def _leave(code: int) -> NoReturn:
    """End this process now: threads of tasks that were under way would go on, asking a server that is gone."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def prefect_session(module: str) -> Iterator[Any]:
    """A module of flows, imported with the Prefect API that `flows.prefect_server` chooses."""
    import importlib

    from flows.console import quieten
    from flows.prefect_server import prefect_api
    from rakuten.settings import Settings

    # Children and later folders must not depend on where the command was called.
    settings = Settings()
    os.environ["RAKUTEN_OUTPUTS"] = str(settings.outputs_folder)
    with prefect_api(settings, meanwhile=module):
        quieten()
        yield importlib.import_module(module)


def call_flow(module: str, name: str, **parameters: Any) -> Any:
    """Run a flow in a session of its own."""
    with prefect_session(module) as flows:
        return getattr(flows, name)(**parameters)


def show_run(run: str | None) -> None:
    """Print what a run made; None: the newest completed one."""
    from flows.overview import record_lines

    click.echo("\n".join(record_lines(outputs_store(), run)))


def outputs_store() -> Any:
    """The store of this machine's outputs folder."""
    from rakuten.outputs import OutputStore
    from rakuten.settings import Settings

    return OutputStore(Settings().outputs_folder)


def absolute(path: str) -> str:
    """A path as it is meant where the command was typed."""
    return str(Path(path).expanduser().absolute())
