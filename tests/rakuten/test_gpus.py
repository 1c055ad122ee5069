"""GPUs that the settings name are looked for in the driver, and refused in one line where they are not there."""

from types import SimpleNamespace
from typing import Any

import pytest

from rakuten import gpus
from rakuten.errors import GpuError, InputError


def driver(monkeypatch: pytest.MonkeyPatch, libraries: dict[str, Any]) -> None:
    """Make these the only libraries that a loader finds."""

    def load(name: str) -> Any:
        if name not in libraries:
            raise OSError(f"{name}: cannot open shared object file")
        return libraries[name]

    monkeypatch.setattr(gpus.ctypes, "CDLL", load)


def management(count: int, *, starts: bool = True) -> Any:
    """The driver's management library on a machine of so many GPUs."""
    closed: list[bool] = []

    def get_count(pointer: Any) -> int:
        pointer._obj.value = count
        return 0

    return SimpleNamespace(
        nvmlInit_v2=lambda: 0 if starts else 9,
        nvmlDeviceGetCount_v2=get_count,
        nvmlShutdown=lambda: closed.append(True),
        closed=closed,
    )


def test_without_a_driver_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, {})
    assert gpus.count_devices() == 0


def test_the_driver_is_asked_and_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    library = management(2)
    driver(monkeypatch, {gpus.MANAGEMENT_LIBRARY: library})
    assert gpus.count_devices() == 2
    assert library.closed == [True]


def test_a_driver_that_does_not_start_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, {gpus.MANAGEMENT_LIBRARY: management(2, starts=False)})
    assert gpus.count_devices() == 0


def test_cuda_without_the_management_library_leaves_the_answer_to_the_training(monkeypatch: pytest.MonkeyPatch) -> None:
    driver(monkeypatch, {gpus.COMPUTE_LIBRARY: object()})
    assert gpus.count_devices() is None
    gpus.require_devices((0,))


@pytest.mark.parametrize(
    ("named", "count", "there"),
    [
        ((0,), 0, r"RAKUTEN_GPUS is \[0\]; GPUs of this machine: none, or its NVIDIA driver is not loaded"),
        ((0, 2), 2, r"RAKUTEN_GPUS is \[0, 2\]; GPUs of this machine: 2 \(numbers 0 to 1\)"),
        # CUDA takes -1 for "none", and the training would run on the CPU.
        ((-1,), 2, r"RAKUTEN_GPUS is \[-1\]; GPUs of this machine: 2 \(numbers 0 to 1\)"),
        ((-1,), None, r"RAKUTEN_GPUS is \[-1\]; GPUs of this machine: unknown, numbered from 0"),
    ],
)
def test_gpus_that_are_not_there_are_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, named: tuple[int, ...], count: int | None, there: str
) -> None:
    monkeypatch.setattr(gpus, "count_devices", lambda: count)
    with pytest.raises(GpuError, match=rf"^{there}\. .*leave RAKUTEN_GPUS unset to train on the CPU$") as refusal:
        gpus.require_devices(named)
    assert isinstance(refusal.value, InputError), "exit code 2"


def test_no_gpu_is_asked_for_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "count_devices", lambda: pytest.fail("asked"))
    gpus.require_devices(())


@pytest.mark.parametrize(
    ("backend", "library", "capability"),
    [
        ("jax", SimpleNamespace(local_devices=lambda: [SimpleNamespace(compute_capability="9.0")]), (9, 0)),
        ("jax", SimpleNamespace(local_devices=lambda: [SimpleNamespace()]), (0, 0)),
        ("torch", SimpleNamespace(cuda=SimpleNamespace(get_device_capability=lambda _: (7, 5))), (7, 5)),
        (
            "tensorflow",
            SimpleNamespace(
                config=SimpleNamespace(
                    list_physical_devices=lambda _: ["gpu"],
                    experimental=SimpleNamespace(get_device_details=lambda _: {"compute_capability": (8, 0)}),
                )
            ),
            (8, 0),
        ),
    ],
)
def test_bfloat16_is_taken_from_the_compute_capability_that_the_backend_tells(
    monkeypatch: pytest.MonkeyPatch, backend: str, library: Any, capability: tuple[int, int]
) -> None:
    import keras

    monkeypatch.setattr(keras.config, "backend", lambda: backend)
    monkeypatch.setattr(gpus.importlib, "import_module", lambda _: library)
    assert gpus.compute_capability() == capability
    assert gpus.has_bfloat16() == (capability >= (8, 0))
