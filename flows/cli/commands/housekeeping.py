"""The command that makes room."""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from flows.cli.flow_calls import outputs_store, reporting_errors

if TYPE_CHECKING:
    from rakuten.outputs import OutputStore
    from rakuten.runs.garbage_collection import Clearing

SECONDS_PER_HOUR = 3600.0


@click.command()
@click.option("--keep", required=True, metavar="SIZE", help="How much may stay, e.g. 200GB.")
@click.option(
    "--runs", default=3, show_default=True, metavar="N", help="The last N runs of each flow keep what they need."
)
@click.option("--protect", multiple=True, metavar="RUN", help="A further run that keeps all it needs; repeatable.")
@click.option(
    "--min-age",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    metavar="HOURS",
    help="What was made or used within the last HOURS stays.",
)
@click.option("--wait", is_flag=True, help="Wait until no run is at work, rather than give up.")
@click.option("--dry-run", is_flag=True, help="Show what would go and remove nothing.")
@click.option("--yes", is_flag=True, help="Remove without asking; needed where there is no terminal to ask on.")
@reporting_errors
def gc(keep: str, runs: int, protect: tuple[str, ...], min_age: float, wait: bool, dry_run: bool, yes: bool) -> None:
    """Remove outputs that neither a recent run needs nor a champion, least recently used first."""
    from flows.cli.run_views import clearing_lines
    from rakuten.errors import OutputsInUseError
    from rakuten.runs.garbage_collection import clear, parse_size
    from tasks.orchestration.outputs_lock import nobody_using_outputs, outputs_in_use
    from tasks.orchestration.prefect_cache import forget_lost_records

    size, store = parse_size(keep), outputs_store()
    if not (dry_run or wait) and outputs_in_use():
        raise OutputsInUseError("a run is at work; try again when it is over, or wait for it with --wait")
    used_before = time.time() - min_age * SECONDS_PER_HOUR
    shown = _plan(store, size, runs, protect, used_before)
    click.echo("\n".join(clearing_lines(shown, size, dry_run=dry_run or not yes)))
    if dry_run:
        return
    if shown.removed and not yes:
        _ask()
    # Not held while a person is asked: runs that begin would wait for the answer.
    with nobody_using_outputs():
        unneeded = set(_plan(store, 0, runs, protect, used_before).removed)
        clear(store, [item for item in shown.removed if item in unneeded])
        forget_lost_records(store)


def _plan(store: "OutputStore", keep: int, runs: int, protect: Sequence[str], used_before: float) -> "Clearing":
    """Choose what goes: nothing that recent runs, those named or the champions need, or that was used since."""
    from rakuten.promotion.champions import ChampionBook
    from rakuten.runs.garbage_collection import needed_by, plan_clearing, survey, used_since
    from rakuten.runs.records import RunBook

    book, champions = RunBook(store), ChampionBook(store.folder).read()
    items = survey(store)
    protected = [*champions.needed_runs, *(book.find(run).run for run in protect)]
    # A champion's package stays even where the record of its run is lost.
    needed = needed_by(book.all(), runs, protected) | champions.needed_packages | used_since(items, used_before)
    return plan_clearing(items, needed, keep)


def _ask() -> None:
    from rakuten.errors import InputError

    if not _is_terminal():
        raise InputError("nothing was removed: there is no terminal to ask on; add --yes to remove without asking")
    click.confirm("remove them?", abort=True)


def _is_terminal() -> bool:
    return sys.stdin.isatty()
