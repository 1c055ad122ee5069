"""Plain tables, progress and log lines for a terminal."""

import copy
import logging
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import click

from rakuten.errors import RakutenError
from rakuten.printable import printable


def notice(text: str) -> None:
    """Show what a command is doing, beside its result."""
    click.echo(f"rakuten: {text} …", err=True)


@contextmanager
def progress_bar(unit: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that `(done, total)` calls move; nothing but a last line where output is no terminal.

    Args:
        unit: What is counted, in the plural.
    """
    with click.progressbar(length=1, label=unit, file=sys.stderr) as bar:

        def show(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield show


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """Lines of a table: text to the left, numbers to the right."""
    cells = [[_text(value) for value in row] for row in rows]
    widths = [max(len(line[column]) for line in [list(header), *cells]) for column in range(len(header))]
    numeric = [
        bool(rows) and all(isinstance(row[column], int | float | None) for row in rows) for column in range(len(header))
    ]

    def line(values: Sequence[str]) -> str:
        aligned = (
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(values, widths, numeric, strict=True)
        )
        return "  ".join(aligned).rstrip()

    return [line(header), line(["─" * width for width in widths]), *(line(row) for row in cells)]


def table_of(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Lines of a table of rows that have the same columns, at least one row."""
    columns = list(rows[0])
    return table(columns, [[row[name] for name in columns] for row in rows])


def _text(value: object) -> str:
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else str(value)


# How Prefect reports a task that did not run because one before it failed: dozens of lines a failure.
NOT_RUN = "Finished in state NotReady("


class HidesOwnErrors(logging.Filter):
    """Keeps tracebacks of this project's errors, and tasks that did not run for one, off the terminal.

    The command ends with the error's message. All of it stays in the run's log in the Prefect UI.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is shown."""
        if record.exc_info and isinstance(record.exc_info[1], RakutenError):
            return False
        return not record.getMessage().startswith(NOT_RUN)


class TerminalFormatter(logging.Formatter):
    """Formats records as another formatter does, without tracebacks and with control characters escaped.

    Tracebacks are in the log file of the command. Line ends stay: some messages are tables.
    """

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.formatter = formatter

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        # A copy: other handlers send the traceback to the server.
        bare = copy.copy(record)
        bare.exc_info = bare.exc_text = bare.stack_info = None
        return printable(self.formatter.format(bare), keep="\n\t")


def quieten() -> None:
    """Have every handler that writes to the terminal leave tracebacks out, and this project's errors altogether."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(HidesOwnErrors())
        handler.setFormatter(TerminalFormatter(handler.formatter or logging.Formatter()))
