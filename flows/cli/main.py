"""The command line: each command calls a flow, or reads what flows left.

Nothing heavy is imported before a command runs, so that `--help` is instant.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

import click

from flows.cli.commands import catalogues, data, housekeeping, prediction, promotion, runs, serving, training
from flows.cli.streams import make_streams_tolerant

COMMANDS = (
    data.demo_dump,
    data.validate,
    data.drift,
    data.explore,
    training.plan,
    training.retrain,
    training.fuse,
    training.study_text,
    training.study_images,
    training.find_lr,
    catalogues.nightly,
    catalogues.backfill,
    prediction.predict,
    promotion.promote,
    promotion.rollback,
    promotion.champion,
    promotion.registry,
    runs.runs,
    runs.show,
    runs.compare,
    runs.ui,
    housekeeping.gc,
    serving.serve,
    serving.deploy,
    serving.worker,
)

# Those that only read answer at once.
READING = (data.demo_dump, promotion.champion, runs.runs, runs.show, runs.compare)


class CommandLine(click.Group):
    """The command; its output never fails on a character that the terminal lacks."""

    def main(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401  # as click declares it
        """Run a command."""
        make_streams_tolerant()
        return super().main(*arguments, **options)


@click.group(cls=CommandLine, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="rakuten-classification")
def main() -> None:
    """Classify a product catalogue into 27 type codes, from titles, descriptions and photos.

    Outputs go to the folder RAKUTEN_OUTPUTS (default: outputs). A command that was interrupted goes on where it was.
    """


def announced(command: click.Command) -> Callable[..., object]:
    """A command's function that first says, on a terminal, that it has begun: imports and checks take a second."""
    function = command.callback
    assert function is not None

    @functools.wraps(function)
    def run(**arguments: object) -> object:
        if sys.stderr.isatty():
            click.echo(f"rakuten: {command.name} begins …", err=True)
        return function(**arguments)

    return run


for command in COMMANDS:
    if command not in READING:
        command.callback = announced(command)
    main.add_command(command)
