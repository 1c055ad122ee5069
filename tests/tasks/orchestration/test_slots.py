"""Training slots: as many at once as there are, across processes, and back at once when their holder dies."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rakuten.errors import GpuError
from tasks.orchestration.nightly_priority import giving_way, going_first, wait_for_turn
from tasks.orchestration.slots import training_slot

# Takes a slot, says so, holds it until it is told to end.
HOLDER = """
import sys
import rakuten.gpus
rakuten.gpus.count_devices = lambda: 8
from tasks.orchestration.slots import training_slot
with training_slot("training") as resources:
    print(resources.gpu, resources.threads, flush=True)
    sys.stdin.read()
"""


def hold() -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture(autouse=True)
def _two_gpus(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAKUTEN_GPUS", "[4, 7]")
    monkeypatch.setattr("rakuten.gpus.count_devices", lambda: 8)
    monkeypatch.setenv("RAKUTEN_CORES", "6")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(Path.cwd()), os.environ.get("PYTHONPATH")])))


def test_processes_take_different_gpus_and_a_third_waits_until_one_is_killed() -> None:
    first, second = hold(), hold()
    assert sorted([first_line(first), first_line(second)]) == ["4 3", "7 3"]
    third = hold()
    taken: list[str] = []
    waiting = threading.Thread(target=lambda: taken.append(first_line(third)))
    waiting.start()
    waiting.join(timeout=3)
    assert taken == [], "three trainings on two slots"
    first.send_signal(signal.SIGKILL)
    waiting.join(timeout=5)
    assert taken == ["4 3"] or taken == ["7 3"]
    for process in (second, third):
        process.communicate(timeout=10)
        assert process.returncode == 0
    first.communicate(timeout=10)


def test_threads_of_one_process_share_its_machines_slots() -> None:
    with training_slot("a") as first, training_slot("b") as second:
        assert {first.gpu, second.gpu} == {4, 7}
        got: list[int | None] = []

        def take() -> None:
            with training_slot("c") as third:
                got.append(third.gpu)

        waiting = threading.Thread(target=take)
        waiting.start()
        time.sleep(0.5)
        assert got == []
    waiting.join(timeout=5)
    assert len(got) == 1


def test_without_gpus_there_are_the_cpu_slots_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAKUTEN_GPUS", "[]")
    monkeypatch.setenv("RAKUTEN_CPU_SLOTS", "3")
    with training_slot("a") as resources:
        assert resources.gpu is None
        assert resources.threads == 2


def test_a_gpu_that_the_machine_lacks_is_refused_before_a_slot_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rakuten.gpus.count_devices", lambda: 7)
    with pytest.raises(GpuError, match="RAKUTEN_GPUS is"), training_slot("a"):
        pass


def test_a_backfill_waits_for_the_nightly_run_and_others_do_not() -> None:
    turns: list[str] = []

    def backfill() -> None:
        with giving_way():
            wait_for_turn()
            turns.append("backfill")

    with going_first():
        wait_for_turn()
        turns.append("other")
        waiting = threading.Thread(target=backfill)
        waiting.start()
        time.sleep(0.5)
        assert turns == ["other"]
    waiting.join(timeout=5)
    assert turns == ["other", "backfill"]
