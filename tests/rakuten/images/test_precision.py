"""Networks compute in the half precision that the device has units for, and are stored without it."""

from pathlib import Path

import pytest

from rakuten.images import precision
from rakuten.images.precision import policy_of_device, precision_of_device
from rakuten.training.networks.model_files import MODEL, read_model, write_model


@pytest.mark.parametrize(
    ("has_gpu", "has_bfloat16", "policy"),
    [(False, False, "float32"), (True, True, "mixed_bfloat16"), (True, False, "mixed_float16")],
)
def test_policy_follows_the_device(
    monkeypatch: pytest.MonkeyPatch, has_gpu: bool, has_bfloat16: bool, policy: str
) -> None:
    monkeypatch.setattr(precision, "has_gpu", lambda: has_gpu)
    monkeypatch.setattr(precision, "has_bfloat16", lambda: has_bfloat16)
    assert policy_of_device() == policy


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_stored_model_says_nothing_of_half_precision(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, policy: str
) -> None:
    import keras

    monkeypatch.setattr(precision, "policy_of_device", lambda: policy)
    with precision_of_device():
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    assert model.layers[0].dtype_policy.name == policy
    assert keras.config.dtype_policy().name == "float32"
    write_model(tmp_path / MODEL, model)
    assert read_model(tmp_path / MODEL).layers[0].dtype_policy.name == "float32"
