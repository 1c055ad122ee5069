"""SIGKILLs of whole runs at random instants after a network's first checkpoint: equal bytes in the end."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rakuten.data.demo_dump import write_demo_dump
from rakuten.outputs import OutputStore

RAKUTEN = str(Path(sys.executable).with_name("rakuten"))
NETWORKS = ("train_text_network", "train_image_network")
KILLS = 10
LONGEST_DELAY = 10.0


def retraining(dump: Path, outputs: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [RAKUTEN, "retrain", "--dump", str(dump), "--plan", "demo"],
        env={**os.environ, "RAKUTEN_OUTPUTS": str(outputs)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_after_a_checkpoint(dump: Path, outputs: Path, delay: float) -> bool:
    """Kill a run some seconds after it has a network with a checkpoint; False if it ended before."""
    process = retraining(dump, outputs)
    while process.poll() is None and not any(outputs.glob("train_*_network-*.partial/scratch/checkpoint-*.json")):
        time.sleep(0.05)
    time.sleep(delay)
    if process.poll() is not None:
        return False
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return True


def forget_trainings(outputs: Path) -> None:
    """Remove the networks, so that they are trained anew from their first step."""
    for network in NETWORKS:
        for folder in outputs.glob(f"{network}-*"):
            subprocess.run(["rm", "-r", folder], check=True)


def digests(outputs: Path) -> dict[str, str]:
    """Digests of the files of all models, fusions and evaluations."""
    return {
        f"{output.key}/{name}": record.sha256
        for stage in (*NETWORKS, "train_text_ngrams", "fuse", "decide", "evaluate")
        for output in OutputStore(outputs).outputs_of(stage)
        for name, record in output.manifest.files.items()
    }


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_ten_kills_at_random_instants_end_in_the_bytes_of_an_uninterrupted_run(tmp_path: Path) -> None:
    dump, whole, killed = tmp_path / "dump", tmp_path / "whole", tmp_path / "killed"
    write_demo_dump(dump, num_products=2000, num_images=2000, image_size=64, num_workers=2)
    assert retraining(dump, whole).wait() == 0
    chance, kills = random.Random(0), 0
    while kills < KILLS:
        if kill_after_a_checkpoint(dump, killed, chance.uniform(0, LONGEST_DELAY)):
            kills += 1
        else:
            forget_trainings(killed)
    assert retraining(dump, killed).wait() == 0
    assert digests(killed) == digests(whole)
    assert len(digests(whole)) > 20
