"""Pictures are whole, and the same bytes for the same figures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rakuten.evaluation.plots import draw_confusion, draw_curves

HISTORY = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "loss": [3.1, 1.9, 1.1],
        "accuracy": [0.1, 0.5, 0.7],
        "validation_loss": [2.9, 2.1, 1.8],
        "validation_accuracy": [0.2, 0.4, 0.5],
        "validation_f1_weighted": [0.1, 0.4, 0.5],
    }
)


@pytest.fixture
def counts() -> np.ndarray:
    counts = np.diag(np.arange(27))
    counts[5, 3] = 4
    return counts


def test_confusion_picture_has_the_same_bytes_each_time(tmp_path: Path, counts: np.ndarray) -> None:
    for name in ("a.png", "b.png"):
        draw_confusion(counts, "50 $ & 60 $", tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.width > 1000
        assert "Software" not in picture.info


@pytest.mark.parametrize("epochs", [1, 3])
def test_curves_have_the_same_bytes_each_time(tmp_path: Path, epochs: int) -> None:
    for name in ("a.png", "b.png"):
        draw_curves(HISTORY.head(epochs), "text_dnn", tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
