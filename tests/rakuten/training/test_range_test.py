"""The range test: what it shows a network, what it leaves of it, and that a kill changes nothing."""

from collections.abc import Callable
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
from rakuten.training.range_test import Losses, range_test

BATCHES = RateFinderRecipe(method="batch", lowest=1e-4, highest=1.0, steps=100)
EPOCHS = RateFinderRecipe(method="epoch", lowest=1e-4, highest=1.0, steps=20)


class Killed(BaseException):
    """Not an Exception: no handler may take it for a fault it knows."""


def kill() -> None:
    raise Killed


def tiny_model() -> Any:
    make_reproducible(tiny_training.RECIPE.seed)
    return build_model(tiny_training.RECIPE, 27, (16, 16, 3))


def run_test(
    scratch: Path, finder: RateFinderRecipe, before_batch: Callable[[], None] = lambda: None, model: Any = None
) -> Losses:
    examples = tiny_examples(before_batch)
    rows = examples.rows(examples.indices("train"))
    return range_test(
        model or tiny_model(), rows, tiny_training.RECIPE.fit, finder, seed=1, scratch=scratch, checkpoint_seconds=0
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Losses]:
    return {finder.method: run_test(tmp_path_factory.mktemp(finder.method), finder) for finder in (BATCHES, EPOCHS)}


def test_rates_of_the_report_are_its_formula() -> None:
    rates = RateFinderRecipe(method="epoch", steps=100).rates
    np.testing.assert_allclose(rates, 1e-5 * 100 ** (np.arange(100) / 37))


def test_each_rate_lasts_a_batch_or_an_epoch(whole: dict[str, Losses]) -> None:
    assert whole["batch"].steps == len(whole["batch"].losses) <= 100
    assert whole["epoch"].steps == 20 * STEPS_PER_EPOCH
    np.testing.assert_array_equal(whole["epoch"].rates, EPOCHS.rates)


def test_the_network_takes_steps_of_the_rate_that_is_due(tmp_path: Path) -> None:
    model, seen = tiny_model(), []
    run_test(tmp_path, EPOCHS, lambda: seen.append(float(model.optimizer.learning_rate)), model)
    np.testing.assert_allclose(seen, np.repeat(EPOCHS.rates, STEPS_PER_EPOCH), rtol=1e-6)


def test_the_network_is_afterwards_what_it_was(tmp_path: Path) -> None:
    model = tiny_model()
    before = [np.array(variable) for variable in model.variables]
    run_test(tmp_path, BATCHES, model=model)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(np.array(variable), value, err_msg=variable.path)


def test_the_network_is_what_it_was_after_a_failure_as_well(tmp_path: Path) -> None:
    model = tiny_model()
    before = model.get_weights()
    with pytest.raises(Killed):
        run_test(tmp_path, BATCHES, call_at(7, kill), model)
    assert all(np.array_equal(now, value) for now, value in zip(model.get_weights(), before, strict=True))


@pytest.mark.parametrize("finder", [BATCHES, EPOCHS], ids=["batch", "epoch"])
def test_killed_test_ends_with_the_losses_of_an_uninterrupted_one(
    finder: RateFinderRecipe, whole: dict[str, Losses], tmp_path: Path
) -> None:
    for call in (2, STEPS_PER_EPOCH + 3):
        with pytest.raises(Killed):
            run_test(tmp_path, finder, call_at(call, kill))
    resumed = run_test(tmp_path, finder)
    assert resumed.resumed_from_step == STEPS_PER_EPOCH + 3
    np.testing.assert_array_equal(resumed.losses, whole[finder.method].losses)


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


def test_progress_is_reported_in_steps(tmp_path: Path) -> None:
    heard: list[Progress] = []
    with listening(heard.append):
        run_test(tmp_path, EPOCHS)
    assert heard[0] == Progress(1, 20 * STEPS_PER_EPOCH, "steps")
    assert heard[-1] == Progress(20 * STEPS_PER_EPOCH, 20 * STEPS_PER_EPOCH, "steps")


def test_every_row_comes_once_an_epoch(tmp_path: Path) -> None:
    places: list[npt.NDArray[np.int64]] = []
    examples = tiny_examples()
    rows = examples.rows(examples.indices("train"))

    def gather(chosen: npt.NDArray[np.int64]) -> Any:
        places.append(chosen)
        return rows.gather(chosen)

    seen = type(rows)(gather, rows.targets)
    range_test(tiny_model(), seen, tiny_training.RECIPE.fit, EPOCHS, seed=1, scratch=tmp_path)
    for epoch in range(EPOCHS.steps):
        shown = np.concatenate(places[epoch * STEPS_PER_EPOCH : (epoch + 1) * STEPS_PER_EPOCH])
        assert set(shown) == set(range(38))
