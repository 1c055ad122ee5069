"""SIGKILLs of a training at random instants after its first checkpoint: equal bytes in the end."""

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import demo_networks
import pytest

import rakuten
from rakuten.outputs import OutputStore, StageOutput

KILLS = 10
IMPORTS = (str(Path(__file__).parent), str(Path(rakuten.__file__).parents[1]))
STAGE = demo_networks.train_demo_network.name


def training(outputs: Path, network: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", "import demo_networks; demo_networks.main()", str(outputs), network],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(IMPORTS)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for_a_checkpoint(process: "subprocess.Popen[bytes]", outputs: Path) -> None:
    """Wait until this process has written a checkpoint, or has ended."""
    before = newest_checkpoint(outputs)
    while process.poll() is None and newest_checkpoint(outputs) == before:
        time.sleep(0.01)


def newest_checkpoint(outputs: Path) -> int:
    """When the newest checkpoint of a training under way was written, in ns; 0 where there is none."""
    newest = 0
    for slot in (0, 1):
        for path in outputs.glob(f"{STAGE}-*.partial/scratch/checkpoints/checkpoint-{slot}.json"):
            try:
                newest = max(newest, path.stat().st_mtime_ns)
            except FileNotFoundError:
                # The output was committed meanwhile, and its scratch removed.
                return newest
    return newest


def made(outputs: Path) -> StageOutput | None:
    return next(OutputStore(outputs).outputs_of(STAGE), None)


def digests(output: StageOutput | None) -> dict[str, str]:
    assert output is not None
    return {name: record.sha256 for name, record in output.manifest.files.items()}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("network", ["text_conv1d", "image_small_cnn"])
def test_ten_kills_at_random_instants_end_in_the_bytes_of_an_uninterrupted_training(
    network: str, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    process = training(whole, network)
    wait_for_a_checkpoint(process, whole)
    began = time.monotonic()
    assert process.wait() == 0
    duration = time.monotonic() - began
    expected = digests(made(whole))

    chance, kills = random.Random(0), 0
    while kills < KILLS:
        process = training(killed, network)
        wait_for_a_checkpoint(process, killed)
        time.sleep(chance.uniform(0, duration))
        kills += process.poll() is None
        process.kill()
        process.wait()
        finished = made(killed)
        if finished is not None:
            # Begun anew, so that all ten kills fall into a training.
            assert digests(finished) == expected
            shutil.rmtree(finished.folder)
    assert training(killed, network).wait() == 0
    output = made(killed)
    assert digests(output) == expected
