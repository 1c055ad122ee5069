"""GPUs that trainings are given: present according to the NVIDIA driver, and visible to the backend of Keras.

A backend that sees no GPU computes on the CPU without a word. The driver is asked first, within milliseconds and before
any large library is imported; the process that trains compares what its backend sees.
"""

import ctypes
import importlib
import os
from collections.abc import Sequence

from rakuten.errors import GpuError, SettingError

MANAGEMENT_LIBRARY = "libnvidia-ml.so.1"
COMPUTE_LIBRARY = "libcuda.so.1"
SUCCESS = 0
# Compute capability of the first GPUs with units for bfloat16 (Ampere).
BFLOAT16_CAPABILITY = (8, 0)

# The first one where nothing is said.
BACKENDS = ("tensorflow", "jax", "torch")

ON_CPU = "leave RAKUTEN_GPUS unset to train on the CPU"


def count_devices() -> int | None:
    """GPUs of this machine that the NVIDIA driver knows; 0 without a driver; None where it cannot tell.

    Asks the management library: unlike CUDA it does not look at `CUDA_VISIBLE_DEVICES`, and leaves nothing initialised
    in a process that starts others.
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
    """Refuse GPUs that the driver does not know.

    Args:
        gpus: CUDA device numbers, `Settings.gpus`; none: nothing is asked.

    Raises:
        GpuError: If there is no such device.
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
    """The backend that Keras computes with, as the variable KERAS_BACKEND names it; imports neither.

    Raises:
        SettingError: If Keras has no such backend.
    """
    name = os.environ.get("KERAS_BACKEND") or BACKENDS[0]
    if name not in BACKENDS:
        raise SettingError(f"KERAS_BACKEND is {name!r}, expected one of {', '.join(BACKENDS)}")
    return name


def has_gpu() -> bool:
    """Whether the backend of Keras sees a GPU; imports the backend."""
    import keras

    name = keras.config.backend()
    backend = importlib.import_module(name)
    if name == "tensorflow":
        return bool(backend.config.list_physical_devices("GPU"))
    return bool(backend.cuda.is_available()) if name == "torch" else backend.default_backend() == "gpu"


def has_bfloat16() -> bool:
    """Whether the first GPU that the backend of Keras sees has units for bfloat16; call where there is one."""
    return compute_capability() >= BFLOAT16_CAPABILITY


def compute_capability() -> tuple[int, int]:
    """CUDA compute capability (major, minor) of the first GPU that the backend of Keras sees; call where there is one.

    (0, 0) where the backend cannot tell, as for a GPU that is not NVIDIA's.
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
    """Refuse to train in this process on a CPU in place of the GPU that it was given.

    Args:
        gpu: Its CUDA device number, as in `CUDA_VISIBLE_DEVICES`.

    Raises:
        GpuError: If the backend of Keras sees no GPU.
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
