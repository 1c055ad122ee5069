"""Commands that say which model predicts."""

import click

from flows.cli.flow_calls import call_flow, outputs_store, reporting_errors


@click.command()
@click.argument("run", default="newest")
@click.option("--force", is_flag=True, help="Promote it whatever the gate would say; needs --reason.")
@click.option("--reason", default="", metavar="TEXT", help="Why, for the record.")
@reporting_errors
def promote(run: str, force: bool, reason: str) -> None:
    """Make a run's models the champion, if they pass the gate; without RUN, the newest completed one.

    As long as there is no champion, naming RUN is enough where only the evidence is thin (few test products, generated
    data).
    """
    from flows.cli.preflight import check_promote

    check_promote(run, force=force, reason=reason)
    click.echo(call_flow("flows.promote", "promote", run=run, force=force, reason=reason))


@click.command()
@click.option("--reason", default="", metavar="TEXT", help="Why, for the record.")
@reporting_errors
def rollback(reason: str) -> None:
    """Put the champion's predecessor back in its place, at once."""
    from flows.cli.preflight import check_rollback
    from rakuten.promotion.champions import ChampionBook

    check_rollback()
    store = outputs_store()
    click.echo(ChampionBook(store.folder).roll_back(reason).words)
    tell_mlflow(store.folder)


@click.command()
@click.option("--history", is_flag=True, help="Every decision, newest first.")
@reporting_errors
def champion(history: bool) -> None:
    """Show the champion: what it is, since when, why, and how it scores."""
    from flows.cli.run_views import champion_lines, decision_lines

    store = outputs_store()
    click.echo("\n".join(decision_lines(store) if history else champion_lines(store)))


@click.command()
@reporting_errors
def registry() -> None:
    """Tell MLflow everything it does not know of the champions."""
    tell_mlflow(outputs_store().folder)


def tell_mlflow(folder: object) -> None:
    """Tell MLflow what it lacks; the seconds that takes come after all else was said."""
    import sys
    from pathlib import Path

    from rakuten.promotion.registry import Registry
    from rakuten.settings import Settings

    told = Registry(Path(str(folder)), Settings().mlflow)
    sys.stdout.flush()
    told.tell()
    click.echo(f"MLflow at {told.uri} knows")
