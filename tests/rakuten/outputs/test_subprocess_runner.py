"""Stages in processes of their own: results, errors, deaths, no orphans."""

import logging
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from rakuten.data.named_dump import NamedDump
from rakuten.errors import ContractError, GpuError, KeyInputError, StageProcessError
from rakuten.outputs import OutputStore, StageOutput, report_progress
from rakuten.outputs.json_codec import decode, encode
from rakuten.outputs.progress import Progress, listening
from rakuten.outputs.subprocess_runner import Resources, run_in_child
from rakuten.stages import stage


class Knobs(BaseModel):
    model_config = ConfigDict(frozen=True)
    rate: float = 0.1


@stage(version=1, ignore=("folder",), isolated=True)
def behave(out: Path, how: str, folder: Path, knobs: Knobs, others: tuple[StageOutput | None, ...] = ()) -> Any:
    """Behave as told."""
    (out / "pid.txt").write_text(str(os.getpid()))
    logging.getLogger("rakuten.test").warning("behaving %s", how)
    report_progress(3, 7, "steps")
    print("a line of some library")
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "refused":
        raise ContractError("17 rows are broken")
    if how == "bug":
        raise ZeroDivisionError("a bug")
    if how == "sleeps":
        (folder / "pid").write_text(str(os.getpid()))
        time.sleep(60)
    return {"rate": knobs.rate, "threads": os.environ["OMP_NUM_THREADS"], "gpu": os.environ["CUDA_VISIBLE_DEVICES"]}


@stage(version=1, libraries=("keras",), isolated=True)
def train_something(out: Path) -> None:
    """Come as far as training."""
    (out / "trained.txt").write_text("on whatever there was")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OutputStore:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return OutputStore(tmp_path / "outputs")


ONE_THREAD = Resources(threads=1)


def run(store: OutputStore, how: str, resources: Resources = ONE_THREAD) -> StageOutput:
    return run_in_child(store, behave, {"how": how, "folder": store.folder, "knobs": Knobs(rate=0.5)}, resources)


def test_output_progress_and_log_come_back(store: OutputStore, caplog: pytest.LogCaptureFixture) -> None:
    seen: list[Progress] = []
    with caplog.at_level(logging.DEBUG, logger="rakuten"), listening(seen.append):
        output = run(store, "well", Resources(threads=3, gpu=1))
    assert output.facts == {"rate": 0.5, "threads": "3", "gpu": "1"}
    assert int(output.file("pid.txt").read_text()) != os.getpid()
    assert seen == [Progress(3, 7, "steps")]
    assert ("rakuten.test", logging.WARNING, "behave: behaving well") in caplog.record_tuples
    assert "a line of some library" in caplog.text
    assert output.key == behave.key(how="well", folder=Path("/"), knobs=Knobs(rate=0.5))


def test_an_error_of_this_project_arrives_as_itself(store: OutputStore) -> None:
    with pytest.raises(ContractError, match="17 rows are broken"):
        run(store, "refused")


def test_a_training_that_was_given_a_gpu_which_keras_does_not_see_is_refused(store: OutputStore) -> None:
    with pytest.raises(GpuError, match=r"gives this training GPU 97, and tensorflow sees none: .*RAKUTEN_GPUS unset"):
        run_in_child(store, train_something, {}, Resources(threads=1, gpu=97))
    assert store.find(train_something.key()) is None


def test_a_killed_process_is_told_by_its_signal(store: OutputStore) -> None:
    with pytest.raises(StageProcessError, match="SIGKILL"):
        run(store, "killed")


def test_a_bug_is_told_with_its_traceback(store: OutputStore) -> None:
    with pytest.raises(StageProcessError, match="ZeroDivisionError: a bug"):
        run(store, "bug")


def test_the_process_dies_with_the_one_that_started_it(store: OutputStore) -> None:
    program = f"""
        from pathlib import Path
        from {__name__} import Knobs, behave
        from rakuten.outputs import OutputStore
        from rakuten.outputs.subprocess_runner import Resources, run_in_child
        folder = Path({str(store.folder)!r})
        inputs = {{"how": "sleeps", "folder": folder, "knobs": Knobs()}}
        run_in_child(OutputStore(folder), behave, inputs, Resources(threads=1))
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)])
    mark = store.folder / "pid"
    deadline = time.monotonic() + 60
    while not (mark.exists() and mark.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    child = int(mark.read_text())
    parent.kill()
    parent.wait()
    while _is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_alive(child)


def _is_alive(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


VALUES = [
    None,
    1,
    "text",
    Path("/data"),
    (StageOutput(key="a-v1-b", folder=Path("/x")), None),
    [1, (2, Knobs())],
    {"a": Path("/b")},
    NamedDump("monday", StageOutput(key="a-v1-b", folder=Path("/x"))),
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_arguments_pass_between_processes_unchanged(value: Any) -> None:
    assert decode(encode(value)) == value


def test_what_cannot_pass_between_processes_raises() -> None:
    with pytest.raises(KeyInputError, match="set"):
        encode({1})
