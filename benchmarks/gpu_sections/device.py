"""The accelerator as the benchmark sees it: utilisation, random weights without compilation, precision, waiting."""

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np

from rakuten.gpus import MANAGEMENT_LIBRARY, SUCCESS
from rakuten.images import precision

SAMPLE_SECONDS = 0.1


class _Rates(ctypes.Structure):
    _fields_ = (("gpu", ctypes.c_uint), ("memory", ctypes.c_uint))


class Utilisation:
    """Samples of GPU 0's utilisation from NVIDIA's management library.

    Attributes:
        samples: Percent of time in which a kernel ran; empty without the library.
    """

    def __init__(self) -> None:
        self.samples: list[int] = []
        self._ended = threading.Event()

    @property
    def mean(self) -> float | None:
        """Mean percentage; None without samples."""
        return float(np.mean(self.samples)) if self.samples else None

    def sample(self) -> None:
        """Sample until `end`."""
        try:
            library = ctypes.CDLL(MANAGEMENT_LIBRARY)
        except OSError:
            return
        handle, rates = ctypes.c_void_p(), _Rates()
        if library.nvmlInit_v2() != SUCCESS or library.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(handle)):
            return
        while not self._ended.wait(SAMPLE_SECONDS):
            if library.nvmlDeviceGetUtilizationRates(handle, ctypes.byref(rates)) == SUCCESS:
                self.samples.append(int(rates.gpu))

    def end(self) -> None:
        """End sampling."""
        self._ended.set()


@contextmanager
def utilisation() -> Iterator[Utilisation]:
    """Sample the GPU's utilisation during a block."""
    sampled = Utilisation()
    thread = threading.Thread(target=sampled.sample, daemon=True)
    thread.start()
    try:
        yield sampled
    finally:
        sampled.end()
        thread.join()


@contextmanager
def weights_from_numpy() -> Iterator[None]:
    """Draw initial weights with numpy within a block.

    JAX compiles an initializer for each shape of a weight: 10 to 25 seconds for a backbone, which real trainings spare
    by loading weights.
    """
    import keras

    rng = np.random.default_rng(0)

    def draw(_self: Any, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        fan_in = max(1, int(np.prod(shape[:-1])))
        return (rng.standard_normal(shape, np.float32) * np.sqrt(2 / fan_in)).astype(dtype or "float32")

    with mock.patch.object(keras.initializers.VarianceScaling, "__call__", draw):
        yield


@contextmanager
def precision_of(policy: str) -> Iterator[None]:
    """Have backbones compute in this Keras dtype policy, whatever the device has."""
    with mock.patch.object(precision, "policy_of_device", return_value=policy):
        yield


def wait_for(values: Any) -> None:
    """Wait until the device has computed these values."""
    import keras

    if keras.config.backend() == "jax":
        import jax

        jax.block_until_ready(values)


def to_device(array: Any) -> Any:
    """The array as a tensor of the backend, on its device."""
    from keras import ops

    tensor = ops.convert_to_tensor(array)
    wait_for(tensor)
    return tensor


def repeat_for(seconds: float, action: Any, *, least: int = 3) -> tuple[int, float]:
    """Call `action` until the time is up.

    Returns:
        Calls, and the seconds they took.
    """
    start, calls = time.perf_counter(), 0
    while calls < least or time.perf_counter() - start < seconds:
        action()
        calls += 1
    return calls, time.perf_counter() - start
