"""Half precision on a GPU, which is several times as fast in it; full precision on a CPU."""

import contextlib
from collections.abc import Iterator

from rakuten.gpus import has_bfloat16, has_gpu

# Weights and their updates stay in float32 under both policies.
HALF = "mixed_bfloat16"
# GPUs older than Ampere have no units for bfloat16. float16 needs a scaled loss: its range loses small gradients.
HALF_BEFORE_AMPERE = "mixed_float16"
FULL = "float32"


def policy_of_device() -> str:
    """Name of the Keras dtype policy that suits the device; imports the backend."""
    if not has_gpu():
        return FULL
    return HALF if has_bfloat16() else HALF_BEFORE_AMPERE


@contextlib.contextmanager
def precision_of_device() -> Iterator[None]:
    """Have layers that are made within, and name no dtype, compute in what suits the device.

    On a CPU nothing changes at all. Where the policy is float16, Keras scales the loss of a model made within when it
    is compiled.
    """
    import keras

    before, policy = keras.config.dtype_policy(), policy_of_device()
    if policy != FULL:
        keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
