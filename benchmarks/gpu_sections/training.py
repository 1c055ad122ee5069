"""Training speed of a backbone: the library's fit loop against the same compiled step on one resident batch.

Three ways, milliseconds a step of each: `loop`, the library's `fit` with random gathers from the store; `resident`,
`train_on_batch` on one batch that lies in device memory; `ceiling`, the compiled step called again and again without
Keras' moving of state and without a look at the loss. Under other backends than JAX the ceiling is `resident`.
"""

import contextlib
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gpu_sections.context import Context, timed
from gpu_sections.device import (
    precision_of,
    repeat_for,
    to_device,
    utilisation,
    wait_for,
    weights_from_numpy,
)
from gpu_sections.photos import Photos
from rakuten.catalogue.classes import NUM_CLASSES
from rakuten.determinism import make_reproducible
from rakuten.models.building import build_model
from rakuten.recipes import Augmentation, Backbone, ImageBackboneRecipe, load_recipe
from rakuten.training.networks.checkpoints import CHECKPOINT_SECONDS, Checkpoint, Checkpoints
from rakuten.training.networks.fit import fit
from rakuten.training.networks.steps import Rows, Steps

if TYPE_CHECKING:
    import keras

# Labelled products of the challenge: a training of so many rows ends no epoch while it is measured.
NUM_ROWS = 84_916
# Steps after which a result is waited for: an unbounded queue would take memory and hide the pace.
QUEUE = 10
TINY = Backbone(name="MobileNetV2", input_size=32, alpha=0.35, weights="random")


class Enough(BaseException):
    """Ends a fit loop whose pace has been measured; no handler may take it for an error."""


def run(
    context: Context,
    recipe: str,
    policy: str,
    *,
    batch_size: int = 64,
    augmented: bool = True,
    with_checkpoints: bool = False,
) -> None:
    """Measure one network in one precision.

    Args:
        context: Of the section.
        recipe: Name of a recipe of a backbone over pixels.
        policy: Keras dtype policy of the network.
        batch_size: Images a step.
        augmented: With the recipe's augmentation, or none.
        with_checkpoints: Time a checkpoint as well.
    """
    chosen = _recipe(context, recipe, batch_size, augmented=augmented)
    photos = Photos(context, chosen.input_size)
    make_reproducible(chosen.seed)
    with timed() as building, precision_of(policy), weights_from_numpy():
        model = build_model(chosen, NUM_CLASSES, photos.shape)
    context.emit(built_s=building.seconds, parameters=int(model.count_params()))
    loop = _Loop(context, model, photos.rows(NUM_ROWS), chosen)
    loop.measure()
    batch = _Batch(photos, batch_size)
    resident = _pace(context, lambda: model.train_on_batch(*batch.resident, return_dict=True))
    with timed() as transfer:
        for _ in range(QUEUE):
            to_device(batch.pixels)
    ceiling, busy = _ceiling(context, model, batch, resident)
    context.emit(
        images_per_s={name: batch_size / seconds for name, seconds in _paces(loop, resident, ceiling).items()},
        share_of_ceiling=ceiling / loop.seconds,
        gpu_busy_percent={"loop": loop.busy, "ceiling": busy},
        ms_a_step={
            **{name: 1000 * seconds for name, seconds in _paces(loop, resident, ceiling).items()},
            "gather": 1000 * loop.gather_seconds,
            "transfer": 1000 * transfer.seconds / QUEUE,
            "keras_and_waiting": 1000 * (resident - ceiling),
        },
        minutes_an_epoch=NUM_ROWS / batch_size * loop.seconds / 60,
    )
    if with_checkpoints:
        _time_checkpoint(context, model, photos.rows(NUM_ROWS), chosen)


def _recipe(context: Context, name: str, batch_size: int, *, augmented: bool) -> ImageBackboneRecipe:
    recipe = load_recipe(name)
    assert isinstance(recipe, ImageBackboneRecipe)
    backbone = TINY if context.scale.is_tiny else recipe.backbone.model_copy(update={"weights": "random"})
    # Random weights diverge at some rates; a loss that is no number would end the loop.
    settings = {"batch_size": batch_size, "epochs": 1, "patience": None, "restore_best": False, "learning_rate": 1e-6}
    changes: dict[str, Any] = {"backbone": backbone, "fit": recipe.fit.model_copy(update=settings)}
    if not augmented or context.scale.is_tiny:
        changes["augmentation"] = Augmentation()
    if context.scale.is_tiny:
        changes["unfrozen_layers"] = 0
    return recipe.model_copy(update=changes)


class _Loop:
    """The library's fit loop, ended by its own gathers once it was seen for long enough.

    Attributes:
        seconds: Of a step; the median, without those that compile.
        gather_seconds: Of a step's gather; the mean.
        busy: Utilisation of the GPU, percent; None where it cannot be read.
    """

    # Steps before the pace is steady.
    WARM_UP = 5

    def __init__(self, context: Context, model: "keras.Model", rows: Rows, recipe: ImageBackboneRecipe) -> None:
        self._context = context
        self._model = model
        self._rows = rows
        self._recipe = recipe
        self._starts: list[float] = []
        self._gathers: list[float] = []
        self._until = float("inf")
        self.seconds = self.gather_seconds = 0.0
        self.busy: float | None = None

    def measure(self) -> None:
        """Fit until the pace is known."""
        rows = Rows(self._gather, self._rows.targets)
        scratch = self._context.folder("loop")
        with utilisation() as sampled, contextlib.suppress(Enough):
            fit(self._model, rows, None, self._recipe.fit, seed=0, scratch=scratch)
        steps = np.diff(self._starts[self.WARM_UP :])
        self.seconds, self.gather_seconds = float(np.median(steps)), float(np.mean(self._gathers[self.WARM_UP :]))
        # Samples of the time in which the step was compiled do not count.
        measured = int((self._starts[-1] - self._starts[self.WARM_UP]) * 10)
        sampled.samples = sampled.samples[-measured:] if measured else []
        self.busy = sampled.mean

    def _gather(self, indices: npt.NDArray[np.int64]) -> Any:
        start = time.perf_counter()
        if len(self._starts) == 1:
            self._context.emit(first_step_s=start - self._starts[0])
        if len(self._starts) == self.WARM_UP:
            self._until = start + self._context.scale.seconds
        if start > self._until and len(self._starts) > self.WARM_UP + 2:
            raise Enough
        self._starts.append(start)
        pixels = self._rows.gather(indices)
        self._gathers.append(time.perf_counter() - start)
        return pixels


class _Batch:
    """One batch on the host and in device memory."""

    def __init__(self, photos: Photos, batch_size: int) -> None:
        indices = np.arange(batch_size)
        self.pixels = photos.gather(indices)
        self.resident = to_device(self.pixels), to_device(photos.rows(batch_size).targets)


def _paces(loop: _Loop, resident: float, ceiling: float) -> dict[str, float]:
    return {"loop": loop.seconds, "resident": resident, "ceiling": ceiling}


def _pace(context: Context, step: Any) -> float:
    """Seconds of a step that ends before the next one begins."""
    repeat_for(0, step)
    calls, seconds = repeat_for(context.scale.seconds / 2, step)
    return seconds / calls


def _ceiling(context: Context, model: "keras.Model", batch: _Batch, resident: float) -> tuple[float, float | None]:
    """Seconds of the compiled step, steps queued on the device, and the GPU's utilisation."""
    import keras

    if keras.config.backend() != "jax":
        return resident, None
    groups = model.trainable_variables, model.non_trainable_variables, model.optimizer.variables
    groups = (*groups, model.metrics_variables)
    state = tuple([variable.value for variable in group] for group in groups)
    data = (*batch.resident, None)

    def steps() -> None:
        nonlocal state
        for _ in range(QUEUE):
            logs, state = model.train_function(state, iter([data]))
        wait_for(logs)

    steps()
    with utilisation() as sampled:
        calls, seconds = repeat_for(context.scale.seconds / 2, steps, least=1)
    # The step has taken the memory of the variables' former values.
    for variables, values in zip(groups, state, strict=True):
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
    return seconds / (calls * QUEUE), sampled.mean


def _time_checkpoint(context: Context, model: "keras.Model", rows: Rows, recipe: ImageBackboneRecipe) -> None:
    """Time each part of a checkpoint; a training writes one a minute, and waits for it."""
    steps = Steps(model, rows, recipe.fit, seed=0)
    checkpoints = Checkpoints(context.folder("checkpoint"), CHECKPOINT_SECONDS)
    with timed() as copying:
        arrays = steps.arrays()
    with timed() as writing:
        checkpoints.save(Checkpoint(arrays, {"step": 1}))
    with timed() as resuming:
        assert steps.resume(checkpoints) is not None
    context.emit(
        checkpoint_mb=sum(array.nbytes for array in arrays.values()) / 1e6,
        checkpoint_s={"copy": copying.seconds, "write": writing.seconds, "resume": resuming.seconds},
        checkpoint_share_of_a_minute=(copying.seconds + writing.seconds) / CHECKPOINT_SECONDS,
    )
