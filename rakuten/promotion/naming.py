"""Resolution of a model name ("champion", "newest" or a run id) to a run."""

from rakuten.errors import RunNotFoundError
from rakuten.promotion.champions import ChampionBook, Reign
from rakuten.runs.records import RunBook, RunRecord

CHAMPION, NEWEST = "champion", "newest"
# Flows whose runs make a package.
PACKAGING = ("retrain", "fuse")


def named_run(book: RunBook, model: str) -> RunRecord:
    """Find the run of a model name.

    Args:
        book: All runs.
        model: "champion" (the newest completed run if no champion was promoted yet), "newest", or a run id or a prefix
            of one.

    Raises:
        RunNotFoundError: If there is no such run.
        ChampionError: If the champion record is damaged or lost.
    """
    if model == CHAMPION:
        champion = ChampionBook(book.store.folder).read().champion
        return run_of_champion(book, champion) if champion else book.find(flow=PACKAGING)
    return book.find(None if model == NEWEST else model, flow=PACKAGING)


def run_of_champion(book: RunBook, champion: Reign) -> RunRecord:
    """Find the run of the champion.

    Raises:
        RunNotFoundError: If the run was deleted.
    """
    run = champion.candidate.run
    try:
        return book.find(run)
    except RunNotFoundError as error:
        raise RunNotFoundError(
            f"the champion's run {run} is gone from {book.folder}: `rakuten rollback` puts its predecessor back, "
            "`rakuten promote RUN --force --reason TEXT` makes another run's model champion"
        ) from error
