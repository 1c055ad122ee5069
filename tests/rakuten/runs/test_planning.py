"""Planning: what would run, what is cached, and why, without running anything."""

from pathlib import Path
from typing import Any

import pytest

from rakuten.outputs import OutputStore, StageOutput
from rakuten.recipes import ModelRecipe, load_recipe
from rakuten.runs.planning import Expectation, current_planner, planning
from rakuten.stages import Pending, stage
from tasks.stage_task import StageTask


def count(store: OutputStore, source: str, words: int) -> Pending:
    return Pending(words - 1, words, "words")


@stage(version=1, pending=count)
def first_step(out: Path, source: str, words: int) -> None:
    """First."""
    (out / "file").write_text(source)


@stage(version=1)
def second_step(out: Path, upstream: StageOutput, factor: int = 1) -> None:
    """Second."""
    (out / "file").write_text("x")


@pytest.fixture
def store(outputs: Path) -> OutputStore:
    return OutputStore(outputs)


def composed(source: str = "a", words: int = 3, factor: int = 1) -> Any:
    first = StageTask(first_step, label="source").submit(source=source, words=words)
    return StageTask(second_step).submit(upstream=first, factor=factor)


def expected(store: OutputStore, **arguments: Any) -> list[Expectation]:
    with planning(store) as planner:
        composed(**arguments)
    return planner.expectations


def run(store: OutputStore) -> None:
    store.run(second_step, upstream=store.run(first_step, source="a", words=3))


def test_stages_that_never_ran_are_planned_in_order(store: OutputStore) -> None:
    first, second = expected(store)
    assert (first.stage, first.label, first.cached, first.reason) == ("first_step", "a", False, "never run")
    assert (second.stage, second.cached) == ("second_step", False)
    assert first.pending == Pending(2, 3, "words")


def test_an_output_that_two_stages_need_is_planned_once(store: OutputStore) -> None:
    with planning(store) as planner:
        composed()
        composed(factor=2)
    assert [expectation.stage for expectation in planner.expectations] == ["first_step", "second_step", "second_step"]


def test_planning_runs_nothing(store: OutputStore) -> None:
    expected(store)
    assert not list(store.folder.glob("*-v1-*"))
    assert current_planner() is None


def test_what_is_there_is_cached_down_the_line(store: OutputStore) -> None:
    run(store)
    assert [expectation.cached for expectation in expected(store)] == [True, True]
    assert expected(store)[0].pending is None


def test_the_reason_names_what_changed(store: OutputStore) -> None:
    run(store)
    first, second = expected(store, words=4)
    assert first.reason == "changed since the nearest output: words"
    assert second.reason == "changed since the nearest output: upstream"
    _, second = expected(store, factor=2)
    assert second.reason == "changed since the nearest output: factor"


def test_a_damaged_output_is_planned_to_be_made_again(store: OutputStore) -> None:
    run(store)
    (store.folder / first_step.key(source="a", words=3) / "file").unlink()
    assert expected(store)[0].reason == "its output is damaged"


@stage(version=1)
def fit_recipe(out: Path, recipe: ModelRecipe) -> None:
    """Fit a recipe."""
    (out / "file").write_text(recipe.name)


def expected_fit(store: OutputStore, name: str, **changes: Any) -> Expectation:
    with planning(store) as planner:
        StageTask(fit_recipe, label="recipe").submit(recipe=load_recipe(name).model_copy(update=changes))
    return planner.expectations[0]


def test_a_training_is_compared_with_models_of_its_own_family(store: OutputStore) -> None:
    store.run(fit_recipe, recipe=load_recipe("text_ngrams"))
    other, same = expected_fit(store, "text_linear_svc"), expected_fit(store, "text_ngrams", seed=2)
    assert (other.reason, other.seconds) == ("never run", None)
    assert same.reason == "changed since the nearest output: recipe"
    assert same.seconds is not None


def test_another_device_is_a_reason(store: OutputStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.run(fit_recipe, recipe=load_recipe("text_dnn"))
    monkeypatch.setenv("RAKUTEN_GPUS", "0")
    assert expected_fit(store, "text_dnn").reason == "changed since the nearest output: device cpu → gpu"
