"""Half precision where there is a GPU, which is several times as fast in it; full precision on a processor."""

import contextlib
from collections.abc import Iterator

from rakuten.gpus import has_gpu

# Weights and their updates stay in float32. Not bfloat16: GPUs older than Ampere have no units for it.
HALF = "mixed_float16"


@contextlib.contextmanager
def precision_of_device() -> Iterator[None]:
    """Have layers that are made within, and name no dtype, compute in what suits the device.

    On a processor nothing is changed at all. A model made within has its losses scaled when it is compiled, so that
    small gradients are not lost.
    """
    import keras

    before = keras.config.dtype_policy()
    if has_gpu():
        keras.config.set_dtype_policy(HALF)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
