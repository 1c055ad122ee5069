"""A fine-tuning that was killed ten times, whenever it happened to be, ends with the bytes of one that was not."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import fine_tuning
import pandas as pd
import pytest
from test_resume import digests

import rakuten

KILLS = 10
LONGEST_LIFE = 7  # batches
LONGEST_WAIT = 0.1  # seconds; a step and its checkpoint take less


def live(out: Path, num_batches: int, wait: float) -> bool:
    """Fine-tune in a child that is killed so many seconds after it has read its last batch; False: it ended before."""
    child = subprocess.Popen(
        [sys.executable, fine_tuning.__file__, str(out)],
        env={**os.environ, "PYTHONPATH": str(Path(rakuten.__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert child.stdout is not None
    for _ in range(num_batches):
        child.stdout.readline()
    time.sleep(wait)
    was_killed = child.poll() is None
    child.kill()
    child.communicate()
    return was_killed


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fine_tuning_killed_at_ten_random_moments_ends_with_the_bytes_of_an_uninterrupted_one(tmp_path: Path) -> None:
    fine_tuning.fine_tune(tmp_path / "uninterrupted")
    history = pd.read_parquet(tmp_path / "uninterrupted" / "history.parquet")
    assert len(history) < fine_tuning.RECIPE.fit.epochs, "early stopping was not seen"

    moments = random.Random(1234)
    out, kills = tmp_path / "killed", 0
    while kills < KILLS:
        if live(out, moments.randint(1, LONGEST_LIFE), moments.uniform(0, LONGEST_WAIT)):
            kills += 1
        else:
            # A fast machine: begun anew, so that all ten kills fall into a training.
            assert digests(out) == digests(tmp_path / "uninterrupted")
            shutil.rmtree(out)
    fine_tuning.fine_tune(out)
    assert digests(out) == digests(tmp_path / "uninterrupted")
