"""Training any Keras network of this project on its examples, and predicting with it: what all families share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.data.classes import NUM_CLASSES
from rakuten.data.folds import folds_of
from rakuten.data.probabilities import PROBABILITIES, UNPICTURED, Probabilities
from rakuten.determinism import make_reproducible
from rakuten.models.building import build_model
from rakuten.outputs import SCRATCH, StageOutput
from rakuten.outputs.atomic import write_whole
from rakuten.recipes.recipe import NetworkRecipe
from rakuten.training.checkpoints import CHECKPOINT_SECONDS
from rakuten.training.examples import FITTED_SIDES, Examples
from rakuten.training.fit import Fitted, fit
from rakuten.training.model_files import MODEL, read_model, write_model
from rakuten.training.scoring import Gather, predict, refuse_constant, score
from rakuten.training.stopping import cross_fitted_epochs, row_losses

if TYPE_CHECKING:
    import keras

HISTORY = "history.parquet"
RECIPE = "recipe.json"
CHECKPOINTS = "checkpoints"


def train_network(
    out: Path,
    recipe: NetworkRecipe,
    examples: Examples,
    input_shape: tuple[int, ...],
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    weights: Path | None = None,
) -> dict[str, Any]:
    """Fit the network of a recipe, or finish an interrupted fit, and score it.

    Args:
        out: Work folder; an interrupted attempt's checkpoints are in its scratch.
        recipe: What is trained and how.
        examples: With train and validation rows, test rows or not.
        input_shape: Shape of one example.
        checkpoint_seconds: Age at which a checkpoint is due; 0: one every step.
        weights: File of pre-trained weights that a part of the network starts from; None: all of it is fresh.

    Returns:
        Rows of each side, epochs, the best epoch, the step an interrupted attempt was resumed from, parameters, and
        scores on validation rows, each answered after the epoch that the other folds keep.

    Raises:
        InputError: If there are no train or no validation rows, the weights do not fit, or the training diverges.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.
        ConstantPredictionError: If the network answers the same for all validation rows.

    Output:
        model.keras, recipe.json: all that prediction needs.
        history.parquet: epoch, loss, accuracy, validation_loss, validation_accuracy, validation_f1_weighted.
        probabilities.parquet: of test rows by that model, of validation rows after the epoch that the other folds keep.
        probabilities_unpictured.parquet: the same, photos hidden; where the examples have them.
    """
    train, validation = examples.places("train"), examples.places("validation")
    unpictured = examples.unpictured
    make_reproducible(recipe.seed)
    model = build_model(recipe, NUM_CLASSES, input_shape, weights)
    fitted = fit(
        model,
        examples.rows(train),
        examples.rows(validation),
        recipe.fit,
        seed=recipe.seed,
        scratch=out / SCRATCH / CHECKPOINTS,
        checkpoint_seconds=checkpoint_seconds,
        unpictured=None if unpictured is None else lambda places: unpictured(validation[places]),
    )
    losses = row_losses(fitted.validated, examples.targets[validation])
    answered = _Answers(model, examples, recipe, losses)
    seen = answered.to(examples.gather, fitted.validated)
    of_validation = seen.of(examples.productids[validation]).values
    refuse_constant(of_validation, examples.targets[validation], recipe.name)
    _write(out, recipe, model, fitted)
    seen.write(out / PROBABILITIES)
    if unpictured is not None and fitted.validated_unpictured is not None:
        answered.to(unpictured, fitted.validated_unpictured).write(out / UNPICTURED)
    scores = score(of_validation, examples.targets[validation])
    return {
        **{f"{side}_rows": int((examples.sides == side).sum()) for side in FITTED_SIDES},
        "epochs": len(fitted.history),
        "best_epoch": fitted.best_epoch,
        "resumed_from_step": fitted.resumed_from_step,
        "parameters": int(model.count_params()),
        "validation_accuracy": scores.accuracy,
        "validation_f1_weighted": scores.f1_weighted,
    }


def refit_network(
    out: Path,
    recipe: NetworkRecipe,
    examples: Examples,
    input_shape: tuple[int, ...],
    scored: StageOutput,
    weights: Path | None = None,
) -> dict[str, Any]:
    """Fit the network of a recipe to train rows alone, or finish an interrupted fit.

    Nothing tells when to stop: it is fitted for as many epochs as the scored network was when it was best.

    Args:
        out: Work folder; an interrupted attempt's checkpoints are in its scratch.
        recipe: What is trained and how.
        examples: With train rows; others are not looked at.
        input_shape: Shape of one example.
        scored: What `train_network` made by the same recipe.
        weights: As of `train_network`.

    Returns:
        Rows, epochs, the step an interrupted attempt was resumed from, parameters.

    Raises:
        InputError: If there are no train rows, the weights do not fit, or the training diverges.

    Output:
        model.keras, recipe.json, and history.parquet without scores. No probabilities: there is no product left to
        score it on.
    """
    train = examples.rows(examples.places("train"))
    epochs = scored.facts["best_epoch" if recipe.fit.restore_best else "epochs"]
    settings = recipe.fit.model_copy(update={"epochs": epochs, "patience": None, "restore_best": False})
    make_reproducible(recipe.seed)
    model = build_model(recipe, NUM_CLASSES, input_shape, weights)
    fitted = fit(model, train, None, settings, seed=recipe.seed, scratch=out / SCRATCH / CHECKPOINTS)
    _write(out, recipe, model, fitted)
    return {
        "train_rows": len(train),
        "epochs": epochs,
        "resumed_from_step": fitted.resumed_from_step,
        "parameters": int(model.count_params()),
    }


def read_network(folder: Path, batch_size: int) -> Callable[[Gather, int], npt.NDArray[np.float32]]:
    """A network that `train_network` made, for predictions.

    Args:
        folder: Of the files that prediction needs.
        batch_size: Products a step. No number depends on it, but its last bits.

    Returns:
        Gather and number of rows → probabilities, see `predict`.

    Raises:
        OutputError: If the model cannot be read.
    """
    network = read_model(folder / MODEL)
    return lambda gather, num_rows: predict(network, gather, num_rows, batch_size)


@dataclass(frozen=True)
class _Answers:
    """Probabilities of validation and test rows of a network that validation rows have stopped.

    Attributes:
        losses: float64 (num_epochs, num_validation_rows).
    """

    model: "keras.Model"
    examples: Examples
    recipe: NetworkRecipe
    losses: npt.NDArray[np.float64]

    def to(self, gather: Gather, validated: npt.NDArray[np.float32]) -> Probabilities:
        """Answers to inputs, given those to the validation rows after each epoch."""
        sides, ids = self.examples.sides, self.examples.productids
        validation, test = (np.flatnonzero(sides == side) for side in ("validation", "test"))
        values = np.empty((len(ids), NUM_CLASSES), np.float32)
        values[validation] = cross_fitted_epochs(self.losses, validated, folds_of(ids[validation]), self.recipe.fit)
        values[test] = predict(self.model, lambda places: gather(test[places]), len(test), self.recipe.fit.batch_size)
        scored = np.sort(np.concatenate([validation, test]))
        return Probabilities(ids[scored], values[scored])


def _write(out: Path, recipe: NetworkRecipe, model: "keras.Model", fitted: Fitted) -> None:
    write_model(out / MODEL, model)
    write_whole(out / RECIPE, recipe.model_dump_json(indent=2))
    _write_history(out / HISTORY, fitted)


def _write_history(path: Path, fitted: Fitted) -> None:
    epochs = pa.array(range(1, len(fitted.history) + 1), pa.int64())
    columns = {name: pa.array([entry[name] for entry in fitted.history]) for name in fitted.history[0]}
    pq.write_table(pa.table({"epoch": epochs, **columns}), path)
