"""GPU detection: devices of the NVIDIA driver (NVML), and devices visible to the Keras backend.

A backend without a visible GPU falls back to the CPU silently. The driver is queried first, which takes milliseconds
and imports no large library; the training process then checks that its backend sees the GPU.
"""

import ctypes
import importlib
import os
from collections.abc import Sequence

from rakuten.errors import GpuError, SettingError

MANAGEMENT_LIBRARY = "libnvidia-ml.so.1"
COMPUTE_LIBRARY = "libcuda.so.1"
SUCCESS = 0
# Lowest compute capability with native bfloat16 (Ampere), for mixed precision.
BFLOAT16_CAPABILITY = (8, 0)

# The first is the default.
BACKENDS = ("tensorflow", "jax", "torch")

ON_CPU = "leave RAKUTEN_GPUS unset to train on the CPU"


def count_devices() -> int | None:
    """Number of GPUs according to the NVIDIA driver; 0 without a driver, None if unknown.

    Uses NVML: unlike CUDA it ignores `CUDA_VISIBLE_DEVICES` and leaves no CUDA context in a process that starts
    subprocesses.
    """
    try:
        management = ctypes.CDLL(MANAGEMENT_LIBRARY)
    except OSError:
        # Some small devices have CUDA without the management library.
        return None if _is_there(COMPUTE_LIBRARY) else 0
    if management.nvmlInit_v2() != SUCCESS:
        return 0
    try:
        count = ctypes.c_uint()
        return count.value if management.nvmlDeviceGetCount_v2(ctypes.byref(count)) == SUCCESS else None
    finally:
        management.nvmlShutdown()


def require_devices(gpus: Sequence[int]) -> None:
    """Check that the NVIDIA driver has these GPUs.

    Args:
        gpus: CUDA device numbers, `Settings.gpus`; without any, the driver is not queried.

    Raises:
        GpuError: If a device does not exist.
    """
    if not gpus:
        return
    count = count_devices()
    if min(gpus) >= 0 and (count is None or max(gpus) < count):
        return
    there = "none, or its NVIDIA driver is not loaded"
    if count != 0:
        there = "unknown, numbered from 0" if count is None else f"{count} (numbers 0 to {count - 1})"
    raise GpuError(f"RAKUTEN_GPUS is {list(gpus)}; GPUs of this machine: {there}. Name those that it has, or {ON_CPU}")


def keras_backend() -> str:
    """Name of the Keras backend from the variable KERAS_BACKEND, without importing Keras or the backend.

    Raises:
        SettingError: If the backend is unknown.
    """
    name = os.environ.get("KERAS_BACKEND") or BACKENDS[0]
    if name not in BACKENDS:
        raise SettingError(f"KERAS_BACKEND is {name!r}, expected one of {', '.join(BACKENDS)}")
    return name


def has_gpu() -> bool:
    """True if a GPU is visible to the Keras backend; imports the backend."""
    import keras

    name = keras.config.backend()
    backend = importlib.import_module(name)
    if name == "tensorflow":
        return bool(backend.config.list_physical_devices("GPU"))
    return bool(backend.cuda.is_available()) if name == "torch" else backend.default_backend() == "gpu"


def has_bfloat16() -> bool:
    """True if the first visible GPU has native bfloat16; requires a GPU."""
    return compute_capability() >= BFLOAT16_CAPABILITY


def compute_capability() -> tuple[int, int]:
    """CUDA compute capability (major, minor) of the first GPU visible to the Keras backend; requires a GPU.

    (0, 0) if unknown, e.g. for a GPU of another vendor than NVIDIA.
    """
    import keras

    name = keras.config.backend()
    backend = importlib.import_module(name)
    if name == "torch":
        found: tuple[int, int] = backend.cuda.get_device_capability(0)
        return found
    if name == "tensorflow":
        gpu = backend.config.list_physical_devices("GPU")[0]
        return backend.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0))
    major, _, minor = str(getattr(backend.local_devices()[0], "compute_capability", "0.0")).partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)


def require_visible_gpu(gpu: int) -> None:
    """Check that the Keras backend sees a GPU, to prevent a silent fall-back to the CPU.

    Args:
        gpu: CUDA device number, as in `CUDA_VISIBLE_DEVICES`; used in the message.

    Raises:
        GpuError: If no GPU is visible.
    """
    if has_gpu():
        return
    import keras

    name = keras.config.backend()
    remedy = "`pip install 'tensorflow[and-cuda]'` brings them; " if name == "tensorflow" else ""
    raise GpuError(
        f"RAKUTEN_GPUS gives this training GPU {gpu}, and {name} sees none: a build for CPUs, or CUDA's libraries "
        f"are missing; {remedy}or {ON_CPU}"
    )


def _is_there(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
