"""The command that makes room."""

import sys

import click

from flows.commands.calling import outputs_store, reporting_errors


@click.command()
@click.option("--keep", required=True, metavar="SIZE", help="How much may stay, e.g. 200GB.")
@click.option(
    "--runs", default=3, show_default=True, metavar="N", help="The last N runs of each flow keep what they need."
)
@click.option("--protect", multiple=True, metavar="RUN", help="A further run that keeps all it needs; repeatable.")
@click.option("--wait", is_flag=True, help="Wait until no run is at work, rather than give up.")
@click.option("--dry-run", is_flag=True, help="Show what would go and remove nothing.")
@click.option("--yes", is_flag=True, help="Remove without asking; needed where there is no terminal to ask on.")
@reporting_errors
def gc(keep: str, runs: int, protect: tuple[str, ...], wait: bool, dry_run: bool, yes: bool) -> None:
    """Remove outputs that neither a recent run needs nor a champion, least recently used first."""
    from contextlib import nullcontext

    from flows.overview import clearing_lines
    from rakuten.errors import InputError, OutputsInUseError
    from rakuten.outputs.housekeeping import clear, needed_by, parse_size, plan_clearing, survey
    from rakuten.outputs.runs import RunBook
    from rakuten.promotion.champions import ChampionBook
    from tasks.in_use import nobody_using_outputs, outputs_in_use
    from tasks.records import forget_lost_records

    size, store = parse_size(keep), outputs_store()
    if not (dry_run or wait) and outputs_in_use():
        raise OutputsInUseError("a run is at work; try again when it is over, or wait for it with --wait")
    with nullcontext() if dry_run else nobody_using_outputs():
        book = RunBook(store)
        protected = [*ChampionBook(store.folder).read().needed_runs, *(book.find(run).run for run in protect)]
        clearing = plan_clearing(survey(store), needed_by(book.all(), runs, protected), size)
        asks = bool(clearing.removed) and not (dry_run or yes)
        click.echo("\n".join(clearing_lines(clearing, size, dry_run=dry_run or asks)))
        if asks and not sys.stdin.isatty():
            raise InputError("nothing was removed: there is no terminal to ask on; add --yes to remove without asking")
        if asks:
            click.confirm("remove them?", abort=True)
        if not dry_run:
            clear(store, clearing)
            forget_lost_records(store)
