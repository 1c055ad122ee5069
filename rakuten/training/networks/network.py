"""Training, refit and prediction of any Keras network on its examples."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from rakuten.catalogue.classes import NUM_CLASSES
from rakuten.data.probabilities import PROBABILITIES, UNPICTURED, Probabilities
from rakuten.determinism import make_deterministic, make_reproducible
from rakuten.errors import OutputError
from rakuten.models.building import build_model
from rakuten.outputs import SCRATCH, StageOutput
from rakuten.outputs.atomic import write_whole
from rakuten.recipes import KerasRecipe
from rakuten.statistics.cross_fitting import folds_of
from rakuten.text.vocabulary import Vocabulary
from rakuten.training.examples import FITTED_SIDES, Examples
from rakuten.training.networks.checkpoints import CHECKPOINT_SECONDS
from rakuten.training.networks.fit import Fitted, fit
from rakuten.training.networks.model_files import MODEL, read_model, write_model
from rakuten.training.networks.scoring import Gather, predict, refuse_constant, score
from rakuten.training.networks.stopping import cross_fitted_epochs, row_losses

if TYPE_CHECKING:
    import keras

K = TypeVar("K", bound=KerasRecipe)

HISTORY = "history.parquet"
RECIPE = "recipe.json"
CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class NetworkData:
    """Everything that a network is fitted to.

    Attributes:
        recipe: What is trained and how, with sizes no larger than the examples need.
        examples: With train rows.
        input_shape: Shape of one example.
        weights: File of pre-trained weights that a part of the network starts from; None: all of it is fresh.
        vocabularies: Further files of the model, by name.
        facts: Facts of the stage.
    """

    recipe: KerasRecipe
    examples: Examples
    input_shape: tuple[int, ...]
    weights: Path | None = None
    vocabularies: Mapping[str, Vocabulary] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def build(self) -> "keras.Model":
        """The network with fresh weights, the same each time.

        Raises:
            InputError: If the file does not hold weights of that part.
            RecipeError: If the network does not exist or cannot be given its sizes.
        """
        make_reproducible(self.recipe.seed)
        return build_model(self.recipe, NUM_CLASSES, self.input_shape, self.weights)


def train_network(out: Path, data: NetworkData, checkpoint_seconds: float = CHECKPOINT_SECONDS) -> dict[str, Any]:
    """Fit a network, or finish an interrupted fit, and score it; errors and files as of `train_model`.

    Args:
        out: Work folder; an interrupted attempt's checkpoints are in its scratch.
        data: With train and validation rows, test rows or not.
        checkpoint_seconds: Age at which a checkpoint is due; 0: one every step.

    Returns:
        Facts: rows of each side, epochs, best_epoch, resumed_from_step (steps of an interrupted attempt that were not
        done again), parameters, scores on validation rows, each predicted after the epoch that the other folds keep.

    Output:
        model.keras, recipe.json, vocabularies: all that prediction needs.
        history.parquet: epoch, loss, accuracy, validation_loss, validation_accuracy, validation_f1_weighted.
        probabilities.parquet, and probabilities_unpictured.parquet where the examples have images to hide.
    """
    recipe, examples = data.recipe, data.examples
    train, validation = examples.indices("train"), examples.indices("validation")
    unpictured = examples.unpictured
    model = data.build()
    fitted = fit(
        model,
        examples.rows(train),
        examples.rows(validation),
        recipe.fit,
        seed=recipe.seed,
        scratch=out / SCRATCH / CHECKPOINTS,
        checkpoint_seconds=checkpoint_seconds,
        unpictured=None if unpictured is None else lambda indices: unpictured(validation[indices]),
    )
    losses = row_losses(fitted.validated, examples.targets[validation])
    answered = _Answers(model, examples, recipe, losses)
    seen = answered.to(examples.gather, fitted.validated)
    of_validation = seen.of(examples.productids[validation]).values
    refuse_constant(of_validation, examples.targets[validation], folds_of(examples.productids[validation]), recipe.name)
    _write(out, data, model, fitted)
    seen.write(out / PROBABILITIES)
    if unpictured is not None and fitted.validated_unpictured is not None:
        answered.to(unpictured, fitted.validated_unpictured).write(out / UNPICTURED)
    scores = score(of_validation, examples.targets[validation])
    return {
        **data.facts,
        **{f"{side}_rows": int((examples.sides == side).sum()) for side in FITTED_SIDES},
        "epochs": len(fitted.history),
        "best_epoch": fitted.best_epoch,
        "resumed_from_step": fitted.resumed_from_step,
        "parameters": int(model.count_params()),
        "validation_accuracy": scores.accuracy,
        "validation_f1_weighted": scores.f1_weighted,
    }


def refit_network(out: Path, data: NetworkData, scored: StageOutput) -> dict[str, Any]:
    """Fit a network to train rows alone, or finish an interrupted fit.

    Nothing says when to stop: it is fitted for as many epochs as the scored network was when it was best.

    Args:
        out: As of `train_network`.
        data: With train rows; others are not looked at.
        scored: What `train_network` made by the same recipe.

    Returns:
        Facts: train_rows, epochs, resumed_from_step, parameters.

    Output:
        As of `train_network`, without scores and probabilities.
    """
    recipe, examples = data.recipe, data.examples
    train = examples.rows(examples.indices("train"))
    epochs = scored.facts["best_epoch" if recipe.fit.restore_best else "epochs"]
    settings = recipe.fit.model_copy(update={"epochs": epochs, "patience": None, "restore_best": False})
    model = data.build()
    fitted = fit(model, train, None, settings, seed=recipe.seed, scratch=out / SCRATCH / CHECKPOINTS)
    _write(out, data, model, fitted)
    return {
        **data.facts,
        "train_rows": len(train),
        "epochs": epochs,
        "resumed_from_step": fitted.resumed_from_step,
        "parameters": int(model.count_params()),
    }


def read_recipe(folder: Path, kind: type[K]) -> K:
    """The recipe that a network was fitted by.

    Raises:
        OutputError: If it is absent or damaged.
    """
    try:
        return kind.model_validate_json((folder / RECIPE).read_bytes())
    except (OSError, ValidationError) as error:
        raise OutputError(f"{folder.name}: {RECIPE} cannot be read: {error}") from error


def read_keras_model(folder: Path) -> "keras.Model":
    """The network of a folder, for predictions with deterministic kernels.

    Raises:
        OutputError: If it cannot be read.
    """
    make_deterministic(0)
    return read_model(folder / MODEL)


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
    network = read_keras_model(folder)
    return lambda gather, num_rows: predict(network, gather, num_rows, batch_size)


@dataclass(frozen=True)
class _Answers:
    """Probabilities of validation and test rows of a network that validation rows have stopped.

    Attributes:
        losses: float64 (num_epochs, num_validation_rows).
    """

    model: "keras.Model"
    examples: Examples
    recipe: KerasRecipe
    losses: npt.NDArray[np.float64]

    def to(self, gather: Gather, validated: npt.NDArray[np.float32]) -> Probabilities:
        """Answers to inputs, given those to the validation rows after each epoch."""
        sides, ids = self.examples.sides, self.examples.productids
        validation, test = (np.flatnonzero(sides == side) for side in ("validation", "test"))
        values = np.empty((len(ids), NUM_CLASSES), np.float32)
        values[validation] = cross_fitted_epochs(self.losses, validated, folds_of(ids[validation]), self.recipe.fit)
        values[test] = predict(self.model, lambda indices: gather(test[indices]), len(test), self.recipe.fit.batch_size)
        scored = np.sort(np.concatenate([validation, test]))
        return Probabilities(ids[scored], values[scored])


def _write(out: Path, data: NetworkData, model: "keras.Model", fitted: Fitted) -> None:
    write_model(out / MODEL, model)
    write_whole(out / RECIPE, data.recipe.model_dump_json(indent=2))
    for name, vocabulary in data.vocabularies.items():
        vocabulary.write(out / name)
    epochs = pa.array(range(1, len(fitted.history) + 1), pa.int64())
    columns = {name: pa.array([entry[name] for entry in fitted.history]) for name in fitted.history[0]}
    pq.write_table(pa.table({"epoch": epochs, **columns}), out / HISTORY)
