"""The range test: what it shows a network, what it leaves of it, and that a kill changes nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tiny_training
from tiny_training import STEPS_PER_EPOCH, call_at, tiny_examples

from rakuten.determinism import make_reproducible
from rakuten.models.building import build_model
from rakuten.outputs.progress import Progress, listening
from rakuten.recipes import RateFinderRecipe
from rakuten.training.lr_finder.range_test import Losses, range_test
from rakuten.training.networks.steps import Rows

BATCHES = RateFinderRecipe(method="batch", lowest=1e-4, highest=1.0, steps=100)
EPOCHS = RateFinderRecipe(method="epoch", lowest=1e-4, highest=1.0, steps=20)


class Killed(BaseException):
    """Not an Exception: no handler may take it for a fault it knows."""


def kill() -> None:
    raise Killed


def tiny_model() -> Any:
    make_reproducible(tiny_training.RECIPE.seed)
    return build_model(tiny_training.RECIPE, 27, (16, 16, 3))


def train_rows(before_batch: Callable[[], None] = lambda: None) -> Rows:
    examples = tiny_examples(before_batch)
    return examples.rows(examples.indices("train"))


def run_test(scratch: Path, finder: RateFinderRecipe, rows: Rows | None = None, model: Any = None) -> Losses:
    return range_test(
        model or tiny_model(),
        rows or train_rows(),
        tiny_training.RECIPE.fit,
        finder,
        seed=1,
        scratch=scratch,
        checkpoint_seconds=0,
    )


def values_of(model: Any) -> dict[str, npt.NDArray[Any]]:
    return {variable.path: np.array(variable) for variable in model.variables}


@dataclass
class Whole:
    """An uninterrupted range test, and what was seen of it.

    Attributes:
        losses: Its result.
        rates: Learning rate of the network at each step.
        shown: Rows of each step.
        progress: Reports in turn.
        before, after: Values of the network's variables, by path.
    """

    losses: Losses
    rates: list[float]
    shown: list[npt.NDArray[np.int64]]
    progress: list[Progress]
    before: dict[str, npt.NDArray[Any]]
    after: dict[str, npt.NDArray[Any]]


def run_whole(scratch: Path, finder: RateFinderRecipe) -> Whole:
    model, rows = tiny_model(), train_rows()
    rates: list[float] = []
    shown: list[npt.NDArray[np.int64]] = []
    progress: list[Progress] = []

    def gather(chosen: npt.NDArray[np.int64]) -> Any:
        rates.append(float(model.optimizer.learning_rate))
        shown.append(chosen)
        return rows.gather(chosen)

    before = values_of(model)
    with listening(progress.append):
        losses = run_test(scratch, finder, Rows(gather, rows.targets), model)
    return Whole(losses, rates, shown, progress, before, values_of(model))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Whole]:
    return {finder.method: run_whole(tmp_path_factory.mktemp(finder.method), finder) for finder in (BATCHES, EPOCHS)}


def test_rates_of_the_report_are_its_formula() -> None:
    rates = RateFinderRecipe(method="epoch", steps=100).rates
    np.testing.assert_allclose(rates, 1e-5 * 100 ** (np.arange(100) / 37))


def test_each_rate_lasts_a_batch_or_an_epoch(whole: dict[str, Whole]) -> None:
    by_batch, by_epoch = whole["batch"].losses, whole["epoch"].losses
    assert by_batch.steps == len(by_batch.losses) <= BATCHES.steps
    assert by_epoch.steps == EPOCHS.steps * STEPS_PER_EPOCH
    np.testing.assert_array_equal(by_epoch.rates, EPOCHS.rates)


def test_the_network_takes_steps_of_the_rate_that_is_due(whole: dict[str, Whole]) -> None:
    np.testing.assert_allclose(whole["epoch"].rates, np.repeat(EPOCHS.rates, STEPS_PER_EPOCH), rtol=1e-6)


@pytest.mark.parametrize("method", ["batch", "epoch"])
def test_the_network_is_afterwards_what_it_was(method: str, whole: dict[str, Whole]) -> None:
    before, after = whole[method].before, whole[method].after
    assert before.keys() == after.keys()
    for path, value in before.items():
        np.testing.assert_array_equal(after[path], value, err_msg=path)


@pytest.mark.parametrize("finder", [BATCHES, EPOCHS], ids=["batch", "epoch"])
def test_killed_test_leaves_the_network_as_it_was_and_ends_with_the_losses_of_an_uninterrupted_one(
    finder: RateFinderRecipe, whole: dict[str, Whole], tmp_path: Path
) -> None:
    for call in (2, STEPS_PER_EPOCH + 3):
        model = tiny_model()
        before = model.get_weights()
        with pytest.raises(Killed):
            run_test(tmp_path, finder, train_rows(call_at(call, kill)), model)
        assert all(np.array_equal(now, value) for now, value in zip(model.get_weights(), before, strict=True))
    resumed = run_test(tmp_path, finder)
    assert resumed.resumed_from_step == STEPS_PER_EPOCH + 3
    np.testing.assert_array_equal(resumed.losses, whole[finder.method].losses.losses)


def test_test_by_batches_ends_where_the_loss_diverges_and_by_epochs_where_it_is_no_number(tmp_path: Path) -> None:
    wild = {"lowest": 1e-3, "highest": 1e30}
    batches = run_test(tmp_path / "batch", BATCHES.model_copy(update=wild))
    assert len(batches.losses) < BATCHES.steps
    epochs = run_test(tmp_path / "epoch", EPOCHS.model_copy(update=wild))
    assert len(epochs.losses) < EPOCHS.steps
    assert not np.isfinite(epochs.losses[-1])
    assert np.isfinite(epochs.losses[:-1]).all()
    # Asked again, it is over at once: the divergence is in the checkpoint.
    again = run_test(tmp_path / "epoch", EPOCHS.model_copy(update=wild))
    assert again.resumed_from_step == again.steps == epochs.steps


def test_progress_is_reported_in_steps(whole: dict[str, Whole]) -> None:
    total = EPOCHS.steps * STEPS_PER_EPOCH
    assert whole["epoch"].progress[0] == Progress(1, total, "steps")
    assert whole["epoch"].progress[-1] == Progress(total, total, "steps")


def test_every_row_comes_once_an_epoch(whole: dict[str, Whole]) -> None:
    for epoch in range(EPOCHS.steps):
        shown = np.concatenate(whole["epoch"].shown[epoch * STEPS_PER_EPOCH : (epoch + 1) * STEPS_PER_EPOCH])
        assert set(shown) == set(range(38))
