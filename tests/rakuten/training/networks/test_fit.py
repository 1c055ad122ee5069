import logging
from pathlib import Path

import numpy as np
import pytest
import tiny_training

from rakuten.data.probabilities import Probabilities
from rakuten.errors import ConstantPredictionError, InputError
from rakuten.outputs.progress import Progress, listening
from rakuten.recipes import FitSettings
from rakuten.statistics.cross_fitting import folds_of
from rakuten.training.examples import Examples
from rakuten.training.networks.fit import fit
from rakuten.training.networks.model_files import read_model
from rakuten.training.networks.network import NetworkData, train_network


def settings(**changes: object) -> FitSettings:
    return tiny_training.RECIPE.fit.model_copy(update=changes)


def train(out: Path, examples: Examples, **changes: object) -> dict[str, object]:
    out.mkdir(exist_ok=True)
    recipe = tiny_training.RECIPE.model_copy(update={"fit": settings(**changes)})
    return train_network(out, NetworkData(recipe, examples, (16, 16, 3)))


def test_training_reports_progress_and_logs_each_epoch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Progress] = []
    with listening(heard.append), caplog.at_level(logging.INFO):
        facts = train(tmp_path, tiny_training.tiny_examples(), epochs=2, patience=None)
    assert heard[0] == Progress(1, 10, "steps")
    assert heard[-1] == Progress(10, 10, "steps")
    assert [record.message.partition(":")[0] for record in caplog.records if "epoch" in record.message] == [
        "epoch 1 of at most 2",
        "epoch 2 of at most 2",
    ]
    assert (facts["epochs"], facts["train_rows"], facts["validation_rows"], facts["test_rows"]) == (2, 38, 12, 10)


def test_stored_model_gives_the_stored_probabilities(tmp_path: Path) -> None:
    examples = tiny_training.tiny_examples()
    train(tmp_path, examples, epochs=1)
    probabilities = Probabilities.read(tmp_path / "probabilities.parquet")
    assert probabilities.productids.tolist() == list(range(1038, 1060))
    loaded = read_model(tmp_path / "model.keras")
    answers = loaded.predict_on_batch(examples.gather(np.arange(38, 60)))
    np.testing.assert_allclose(answers, probabilities.values, atol=1e-6)


def test_learning_rate_that_diverges_is_an_error_and_no_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a finite loss, received nan in epoch 1"):
        train(tmp_path, tiny_training.tiny_examples(), learning_rate=1e30)
    assert not (tmp_path / "model.keras").exists()


def test_network_that_sees_the_same_everywhere_is_refused(tmp_path: Path) -> None:
    sides = np.array(["train"] * 38 + ["validation"] * 60)
    blind = Examples(
        np.arange(98), np.arange(98) % 3, sides, lambda places: np.full((len(places), 16, 16, 3), 128, np.uint8)
    )
    with pytest.raises(ConstantPredictionError, match="tiny predicts one class for all 60 validation rows"):
        train(tmp_path, blind, epochs=1)


def test_training_without_validation_rows_is_refused_before_keras_is_imported(tmp_path: Path) -> None:
    examples = tiny_training.tiny_examples()
    known = Examples(examples.productids[:38], examples.targets[:38], examples.sides[:38], examples.gather)
    with pytest.raises(InputError, match="expected validation rows that this model can read, received none"):
        train(tmp_path, known)


def test_without_validation_rows_nothing_can_be_waited_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no best epoch"):
        fit(None, None, None, settings(patience=2), seed=0, scratch=tmp_path)  # type: ignore[arg-type]


def test_validation_rows_are_stored_as_answered_after_the_epoch_that_other_rows_keep(tmp_path: Path) -> None:
    examples = tiny_training.tiny_examples()
    validation = examples.indices("validation")
    ids, folds = examples.productids[validation], folds_of(examples.productids[validation])
    stored = []
    for place, others in enumerate([examples.targets[validation], (examples.targets[validation] + 1) % 3]):
        targets = examples.targets.copy()
        targets[validation] = np.where(folds == 0, others, examples.targets[validation])
        changed = Examples(examples.productids, targets, examples.sides, examples.gather)
        train(tmp_path / str(place), changed, epochs=4, patience=None)
        stored.append(Probabilities.read(tmp_path / str(place) / "probabilities.parquet").of(ids[folds == 0]))
    assert len(stored[0].values) > 0
    assert np.array_equal(stored[0].values, stored[1].values)
