"""Which run a person means by the name of a model."""

from rakuten.outputs.runs import RunBook, RunRecord
from rakuten.promotion.champions import ChampionBook

CHAMPION, NEWEST = "champion", "newest"


def named_run(book: RunBook, model: str) -> RunRecord:
    """The retraining whose models are meant.

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
        return book.find(champion.candidate.run if champion else None, flow="retrain")
    return book.find(None if model == NEWEST else model, flow="retrain")
