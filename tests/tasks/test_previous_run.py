"""Which earlier run a report compares itself with."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rakuten.outputs import OutputStore, StageOutput
from rakuten.runs.planning import planning
from rakuten.runs.records import RunBook, RunRecord, Status
from rakuten.stages import stage
from tasks.previous_run import find_previous


@stage(version=1)
def evaluate_stand_in(out: Path, predicted: int, made_by: int = 0) -> None:
    """Predictions of one product."""
    pd.DataFrame({"productid": [1], "predicted": [predicted]}).to_parquet(out / "predictions.parquet")


class Runs:
    def __init__(self, folder: Path) -> None:
        self.store = OutputStore(folder)
        self.book = RunBook(self.store)

    def evaluation(self, predicted: int, made_by: int = 0) -> StageOutput:
        return self.store.run(evaluate_stand_in, predicted=predicted, made_by=made_by)

    def record(self, evaluation: StageOutput, **changed: Any) -> RunRecord:
        fields: dict[str, Any] = {"plan": "night", "models": ("dnn", "cnn"), "status": Status.COMPLETED, **changed}
        opened = self.book.open(flow="retrain", parameters={}, plan={"name": fields["plan"]})
        models = {f"model {name}": f"train-{name}" for name in fields["models"]}
        outputs = {"evaluation max vote": evaluation.key, **models}
        return self.book.close(opened, fields["status"], decision="max vote", outputs=outputs)

    def previous(self, decided: StageOutput) -> StageOutput | None:
        with planning(self.store):
            return find_previous.submit(decided, "night", ["cnn", "dnn"])


@pytest.fixture
def runs(outputs: Path) -> Runs:
    return Runs(outputs)


def test_the_first_run_has_none_before_it(runs: Runs) -> None:
    assert runs.previous(runs.evaluation(10)) is None


def test_the_newest_run_that_answered_otherwise_is_found(runs: Runs) -> None:
    for predicted in (10, 40):
        runs.record(runs.evaluation(predicted))
    assert runs.previous(runs.evaluation(50)) == runs.evaluation(40)


def test_a_run_done_again_finds_what_it_found_before(runs: Runs) -> None:
    runs.record(runs.evaluation(10))
    again = runs.evaluation(40)
    before = runs.previous(again)
    runs.record(again)
    assert runs.previous(again) == before == runs.evaluation(10)


def test_a_run_whose_code_changed_and_whose_answers_did_not_is_passed_over(runs: Runs) -> None:
    runs.record(runs.evaluation(10))
    runs.record(runs.evaluation(40, made_by=1))
    assert runs.previous(runs.evaluation(40, made_by=2)) == runs.evaluation(10)


@pytest.mark.parametrize(
    "changed",
    [{"plan": "day"}, {"models": ("dnn",)}, {"status": Status.FAILED}],
    ids=["another plan", "other models", "a failed run"],
)
def test_runs_that_cannot_be_held_against_this_one_are_passed_over(runs: Runs, changed: dict[str, Any]) -> None:
    runs.record(runs.evaluation(40), **changed)
    assert runs.previous(runs.evaluation(10)) is None


def test_a_decision_that_is_only_planned_is_held_against_the_newest_run(runs: Runs) -> None:
    runs.record(runs.evaluation(40))
    planned = StageOutput(key="evaluate-v2-0", folder=runs.store.folder / "evaluate-v2-0")
    assert runs.previous(planned) == runs.evaluation(40)


def test_a_run_whose_evaluation_is_gone_is_passed_over(runs: Runs) -> None:
    gone = runs.evaluation(40)
    runs.record(gone)
    (gone.folder / "predictions.parquet").unlink()
    assert runs.previous(runs.evaluation(10)) is None
