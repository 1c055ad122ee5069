"""Device, backend, versions and precision: the facts that all figures of a run depend on."""

import importlib.metadata
import os
import platform

from gpu_sections.context import Context
from rakuten.gpus import compute_capability, count_devices, has_gpu
from rakuten.images.precision import policy_of_device

DISTRIBUTIONS = (
    "keras",
    "jax",
    "jaxlib",
    "jax-cuda13-plugin",
    "tensorflow",
    "torch",
    "transformers",
    "numpy",
    "pyarrow",
)


def run(context: Context) -> None:
    """Print them; `has_gpu` decides whether the run goes on."""
    import keras

    seen = has_gpu()
    context.emit(
        has_gpu=seen,
        devices_of_the_driver=count_devices(),
        device=_device(),
        compute_capability=list(compute_capability()) if seen else None,
        policy=policy_of_device(),
        backend=keras.config.backend(),
        python=platform.python_version(),
        cores=os.cpu_count(),
        **{name.replace("-", "_"): version for name in DISTRIBUTIONS if (version := _version(name))},
    )


def _device() -> str:
    import keras

    if keras.config.backend() != "jax":
        return keras.config.backend()
    import jax

    return str(jax.local_devices()[0].device_kind)


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
