"""Features of the ten backbones: a half precision forward pass over full batches, from uint8 images."""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gpu_sections.context import Context, timed
from gpu_sections.device import repeat_for, to_device, wait_for, weights_from_numpy
from gpu_sections.training import NUM_ROWS, TINY
from rakuten.determinism import make_reproducible
from rakuten.images.backbones import build_network, preparation, prepare_pixels
from rakuten.images.precision import HALF
from rakuten.recipes import Backbone, ImageFeaturesRecipe, load_recipe, recipe_names

if TYPE_CHECKING:
    import keras

# Seconds from the start of the section after which backbones that are not compiled yet are not waited for.
LAST_WAIT = 110.0
Forward = Callable[[Any], Any]


def run(context: Context) -> None:
    """Build all, compile them side by side, then measure one after the other."""
    backbones = [TINY] if context.scale.is_tiny else _backbones()
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as compilers:
        compiled = {}
        for backbone in backbones:
            try:
                compiled[compilers.submit(*_lowered(backbone, context.scale.features_batch))] = backbone
            except Exception as error:  # noqa: BLE001  (the other nine are worth having)
                context.emit(backbone=backbone.name, error=f"{type(error).__name__}: {error}"[:500])
        context.emit(lowered=len(compiled))
        wait(compiled, max(0.0, LAST_WAIT - (time.monotonic() - context.started)))
        for future, backbone in compiled.items():
            if not future.done():
                context.emit(backbone=backbone.name, error="not compiled in time")
                future.cancel()
                continue
            _measure(context, backbone, future)


def _backbones() -> list[Backbone]:
    """The backbones of the recipes whose features are frozen."""
    recipes = [load_recipe(name) for name in recipe_names() if name.endswith("_frozen")]
    return [recipe.backbone for recipe in recipes if isinstance(recipe, ImageFeaturesRecipe)]


def _lowered(backbone: Backbone, batch_size: int) -> "tuple[Callable[[keras.Model], Forward], keras.Model]":
    """A compilation that needs no Python, and the network to compile."""
    import keras

    make_reproducible(0)
    keras.config.set_dtype_policy(HALF)
    size = backbone.input_size
    with weights_from_numpy():
        pixels = keras.Input((size, size, 3), dtype="uint8")
        prepared = preparation(backbone)(keras.ops.cast(pixels, "float32"))
        model = keras.Model(pixels, build_network(backbone, pooling="avg")(prepared))
    keras.config.set_dtype_policy("float32")
    model.trainable = False
    if keras.config.backend() != "jax":
        return (lambda network: network.predict_on_batch), model
    return _compilation(model, (batch_size, size, size, 3)), model


def _compilation(model: "keras.Model", shape: tuple[int, ...]) -> "Callable[[keras.Model], Forward]":
    """XLA compiles outside Python's lock; tracing is done here, one network at a time."""
    import jax

    state = [variable.value for variable in model.trainable_variables]
    fixed = [variable.value for variable in model.non_trainable_variables]

    def forward(trained: Any, frozen: Any, pixels: Any) -> Any:
        return model.stateless_call(trained, frozen, pixels, training=False)[0]

    lowered = jax.jit(forward).lower(state, fixed, jax.ShapeDtypeStruct(shape, np.uint8))

    def compile_it(_model: "keras.Model") -> Forward:
        executable = lowered.compile()
        return lambda pixels: executable(state, fixed, pixels)

    return compile_it


def _measure(context: Context, backbone: Backbone, future: "Future[Forward]") -> None:
    scale = context.scale
    size, batch = backbone.input_size, scale.features_batch
    pixels = np.random.default_rng(0).integers(0, 256, (batch, size, size, 3), np.uint8)
    try:
        forward = future.result()
        resident = to_device(pixels)
        device = _seconds(forward, resident, scale.seconds / 4)
        host = _seconds(forward, pixels, scale.seconds / 4)
    except Exception as error:  # noqa: BLE001  (the other nine are worth having)
        context.emit(backbone=backbone.name, error=f"{type(error).__name__}: {error}"[:500])
        return
    with timed() as preparing:
        prepare_pixels(backbone, pixels)
    context.emit(
        backbone=backbone.name,
        size=size,
        images_per_s={
            "device": batch / device,
            "from_host": batch / host,
            "host_preparation_of_today": batch / preparing.seconds,
        },
        seconds_for_all_images=NUM_ROWS * host / batch,
    )


def _seconds(forward: Forward, pixels: npt.NDArray[np.uint8], seconds: float) -> float:
    """Seconds of a batch, its features fetched."""

    def once() -> None:
        features = forward(pixels)
        wait_for(features)
        np.asarray(features, np.float32)

    once()
    calls, elapsed = repeat_for(seconds, once)
    return elapsed / calls
