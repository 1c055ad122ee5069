"""A backfill's tables: what is to be done for each dump, and what came of it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from prefect.client.schemas.objects import State

from rakuten.contracts.validation import VERDICT_FILE
from rakuten.errors import InputError
from rakuten.runs.planning import Expectation
from rakuten.runs.records import RunBook, RunRecord
from tasks.drift import drift_of
from tasks.observability.publishing import publish_table
from tasks.runs import run_book


class DumpPlan(NamedTuple):
    """What a backfill would do for one dump.

    Attributes:
        dump: Its name.
        stages: Stages of its run.
        cached: Those whose output is there, or is made for a dump before it.
        images: Distinct images of the dump that stages still to be run cover.
        new_images: Those that no run has seen, nor a dump before it in this plan.
        minutes: Work left as the nearest outputs took, one after the other.
        untimed: Stages left that never ran, so that `minutes` lacks them.
        refused: Why the run of this dump would fail at once; "": it would not.
    """

    dump: str
    stages: int
    cached: int
    images: int
    new_images: int
    minutes: float
    untimed: int
    refused: str = ""


class BackfillPlanner:
    """Adds up what a backfill would do, work that dumps share counted once."""

    def __init__(self) -> None:
        self._planned: set[str] = set()
        self._items: dict[tuple[str, str], frozenset[str]] = {}

    def plan(self, dump: str, expected: Callable[[], Sequence[Expectation]]) -> DumpPlan:
        """What is left to do for the next dump.

        Args:
            dump: Its name.
            expected: Finds its stages; an InputError of it is what the plan tells.
        """
        try:
            stages = expected()
        except InputError as error:
            return DumpPlan(dump, 0, 0, 0, 0, 0.0, 0, str(error))
        left = [stage for stage in stages if not stage.cached and stage.key not in self._planned]
        self._planned |= {stage.key for stage in left}
        new = [self._new_items(stage) for stage in left]
        seconds = sum(
            (stage.seconds or 0.0) * (items / stage.pending.items if stage.pending and stage.pending.items else 1.0)
            for stage, items in zip(left, new, strict=True)
        )
        return DumpPlan(
            dump=dump,
            stages=len(stages),
            cached=len(stages) - len(left),
            images=max((stage.pending.total for stage in left if stage.pending), default=0),
            new_images=max(new, default=0),
            minutes=round(seconds / 60, 1),
            untimed=sum(stage.seconds is None for stage in left),
        )

    def _new_items(self, stage: Expectation) -> int:
        """How many of a divisible stage's items are left that no dump before this one leaves too."""
        if stage.pending is None:
            return 0
        before = self._items.get((stage.stage, stage.label), frozenset())
        self._items[stage.stage, stage.label] = before | stage.pending.missing
        return len(stage.pending.missing - before)


def publish_plan(plans: Sequence[DumpPlan]) -> None:
    """Show what a backfill is about to do."""
    rows = [plan._asdict() for plan in plans]
    publish_table(rows, key="backfill-plan", description="What is left to do, dump by dump")


def _count(name: str) -> Callable[[RunRecord, RunBook], object]:
    def count(record: RunRecord, book: RunBook) -> object:
        if record.key("validation") is None:
            return None
        return book.output(record, "validation").read_json(VERDICT_FILE)["counts"].get(name)

    return count


def _weighted_f1(record: RunRecord, book: RunBook) -> float | None:
    scores = {row["model"]: row["f1_weighted"] for row in record.scores}
    return scores.get(record.decision)


# What the table says of each dump's run, by column.
COLUMNS: dict[str, Callable[[RunRecord, RunBook], object]] = {
    "run": lambda record, book: record.run,
    "products": _count("products"),
    "quarantined": _count("quarantined"),
    "weighted F1": _weighted_f1,
    "drift": drift_of,
}


def outcome_rows(dumps: Sequence[Path], states: Sequence[State[str]]) -> list[dict[str, object]]:
    """What came of a backfill, a row a dump.

    Args:
        dumps: Folders, in the order of work.
        states: How each one's run ended.
    """
    book = run_book()
    records = {record.flow_run: record for record in book.all()}
    rows = []
    for dump, state in zip(dumps, states, strict=True):
        record = records.get(str(state.state_details.flow_run_id))
        row: dict[str, object] = {"dump": dump.name, "state": state.name or state.type.value}
        row |= {name: None if record is None else value(record, book) for name, value in COLUMNS.items()}
        rows.append({**row, "error": None if record is None or not record.error else record.error.partition("\n")[0]})
    return rows


def publish_outcome(rows: list[dict[str, object]]) -> None:
    """Show what came of a backfill."""
    publish_table(rows, key="backfill", description="The dumps of this backfill")
