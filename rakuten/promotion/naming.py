"""Which run a person means by the name of a model."""

from rakuten.errors import RunNotFoundError
from rakuten.promotion.champions import ChampionBook, Reign
from rakuten.runs.records import RunBook, RunRecord

CHAMPION, NEWEST = "champion", "newest"
# Flows whose runs make a package.
PACKAGING = ("retrain", "fuse")


def named_run(book: RunBook, model: str) -> RunRecord:
    """The run whose models are meant.

    Args:
        book: All runs.
        model: "champion": the champion's, or the newest completed one as long as nobody was ever promoted; "newest";
            a run's id or the start of one.

    Raises:
        RunNotFoundError: If there is no such run.
        ChampionError: If the record of the champion is damaged or lost.
    """
    if model == CHAMPION:
        champion = ChampionBook(book.store.folder).read().champion
        return run_of_champion(book, champion) if champion else book.find(flow=PACKAGING)
    return book.find(None if model == NEWEST else model, flow=PACKAGING)


def run_of_champion(book: RunBook, champion: Reign) -> RunRecord:
    """The run that made the champion.

    Raises:
        RunNotFoundError: If it is gone.
    """
    run = champion.candidate.run
    try:
        return book.find(run)
    except RunNotFoundError as error:
        raise RunNotFoundError(
            f"the champion's run {run} is gone from {book.folder}: `rakuten rollback` puts its predecessor back, "
            "`rakuten promote RUN --force --reason TEXT` makes another run's model champion"
        ) from error
