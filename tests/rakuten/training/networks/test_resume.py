"""A training that was killed anywhere ends with the bytes of one that was not."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
import tiny_training
from tiny_training import STEPS_PER_EPOCH, call_at, train_tiny

import rakuten
from rakuten.outputs import SCRATCH

FILES = ("model.keras", "recipe.json", "history.parquet", "probabilities.parquet")


class Killed(BaseException):
    """Not an Exception: no handler may take it for a fault it knows."""


def kill() -> None:
    raise Killed


def digests(out: Path) -> dict[str, str]:
    return {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES}


def newest_first(out: Path) -> Sequence[Path]:
    notes = (out / SCRATCH / "checkpoints").glob("*.npz")
    return sorted(notes, key=lambda path: path.stat().st_mtime_ns, reverse=True)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("uninterrupted")
    train_tiny(out)
    return out


def test_early_stopping_ends_the_uninterrupted_training(uninterrupted: Path) -> None:
    history = pd.read_parquet(uninterrupted / "history.parquet")
    best = history["validation_loss"].idxmin()
    assert len(history) < tiny_training.RECIPE.fit.epochs
    assert len(history) - 1 - best == tiny_training.RECIPE.fit.patience


# Gathering is called once a step and twice a validation: 38 train rows and 12 validation rows in batches of 8.
@pytest.mark.parametrize(
    "kills",
    [
        pytest.param([3], id="within the first epoch"),
        pytest.param([STEPS_PER_EPOCH + 1], id="while the first epoch is validated"),
        pytest.param([STEPS_PER_EPOCH + 2 + 4, 9], id="twice"),
    ],
)
def test_killed_training_ends_with_the_bytes_of_an_uninterrupted_one(
    kills: list[int], uninterrupted: Path, tmp_path: Path
) -> None:
    for call in kills:
        with pytest.raises(Killed):
            train_tiny(tmp_path, call_at(call, kill))
    facts = train_tiny(tmp_path)
    assert facts["resumed_from_step"] > 0
    assert digests(tmp_path) == digests(uninterrupted)


def test_sigkilled_process_is_resumed_by_another_to_the_same_bytes(uninterrupted: Path, tmp_path: Path) -> None:
    root = Path(rakuten.__file__).parents[1]
    child = subprocess.run(
        [sys.executable, tiny_training.__file__, str(tmp_path), str(2 * (STEPS_PER_EPOCH + 2) + 3)],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        check=False,
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()[-2000:]
    facts = train_tiny(tmp_path)
    assert facts["resumed_from_step"] == 2 * STEPS_PER_EPOCH + 2
    assert digests(tmp_path) == digests(uninterrupted)


@pytest.mark.parametrize(("damaged", "resumed_from_step"), [(1, 7), (2, 0)])
def test_damaged_checkpoints_are_passed_over_for_earlier_ones(
    damaged: int, resumed_from_step: int, uninterrupted: Path, tmp_path: Path
) -> None:
    with pytest.raises(Killed):
        train_tiny(tmp_path, call_at(STEPS_PER_EPOCH + 2 + 4, kill))
    for path in newest_first(tmp_path)[:damaged]:
        path.write_bytes(path.read_bytes()[:-100])
    assert train_tiny(tmp_path)["resumed_from_step"] == resumed_from_step
    assert digests(tmp_path) == digests(uninterrupted)
