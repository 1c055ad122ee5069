"""Committing, finding and repairing outputs; kills at any point of a commit."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from rakuten.errors import OutputError
from rakuten.outputs import SCRATCH, OutputStore, StageOutput
from rakuten.outputs.stage_output import MANIFEST, find_damage
from rakuten.stages import stage

calls: list[str] = []


@stage(version=1, ignore=("pause", "fail"))
def write_word(out: Path, word: str, pause: float = 0.0, fail: bool = False) -> dict[str, Any]:
    """Write a word."""
    calls.append(word)
    (out / "deep").mkdir(exist_ok=True)
    (out / "deep" / "word.txt").write_text(word)
    (out / SCRATCH / "checkpoint").write_text("half")
    if fail:
        raise ValueError("no more")
    time.sleep(pause)
    (out / "length.json").write_text(json.dumps(len(word)))
    return {"letters": len(word)}


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    calls.clear()


@pytest.fixture
def store(tmp_path: Path) -> OutputStore:
    return OutputStore(tmp_path / "outputs")


def test_a_stage_runs_once_for_equal_inputs(store: OutputStore) -> None:
    first, second = store.run(write_word, word="chaise"), store.run(write_word, word="chaise")
    assert first == second
    assert calls == ["chaise"]


def test_the_output_holds_its_files_and_facts_and_no_scratch(store: OutputStore) -> None:
    output = store.run(write_word, word="chaise")
    assert output.file("deep/word.txt").read_text() == "chaise"
    assert output.read_json("length.json") == 6
    assert output.facts == {"letters": 6}
    assert sorted(output.manifest.files) == ["deep/word.txt", "length.json"]
    assert not (output.folder / SCRATCH).exists()
    assert output.manifest.identity["inputs"] == {"word": "chaise"}


def test_asking_for_a_file_that_is_not_there_names_those_that_are(store: OutputStore) -> None:
    with pytest.raises(OutputError, match=r"length\.json"):
        store.run(write_word, word="chaise").file("nothing.json")


def test_outputs_found_in_another_folder_have_the_same_key(store: OutputStore, tmp_path: Path) -> None:
    here = store.run(write_word, word="chaise")
    store.folder.rename(tmp_path / "moved")
    moved = OutputStore(tmp_path / "moved").find(here.key)
    assert moved is not None
    assert moved.key == here.key


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["deep/word.txt", MANIFEST])
@pytest.mark.parametrize("damage", [_truncate, Path.unlink, _flip], ids=["truncated", "deleted", "flipped"])
def test_a_damaged_output_is_a_miss_and_made_again(store: OutputStore, name: str, damage: Any) -> None:
    output = store.run(write_word, word="chaise")
    damage(output.folder / name)
    assert store.find(output.key) is None
    again = store.run(write_word, word="chaise")
    assert again.file("deep/word.txt").read_text() == "chaise"
    assert calls == ["chaise", "chaise"]
    assert find_damage(again) is None


def test_damage_is_logged_with_file_and_reason(store: OutputStore, caplog: pytest.LogCaptureFixture) -> None:
    output = store.run(write_word, word="chaise")
    _truncate(output.folder / "deep" / "word.txt")
    store.find(output.key)
    assert "deep/word.txt has 5 bytes, expected 6" in caplog.text


def test_files_that_a_kill_left_half_written_are_no_part_of_the_output(store: OutputStore) -> None:
    partial = store.folder / f"{write_word.key(word='banc')}.partial"
    (partial / "deep").mkdir(parents=True)
    for name in (".manifest.json.4711.tmp", "deep/.word.txt.4711.tmp"):
        (partial / name).write_text("half")
    output = store.run(write_word, word="banc")
    assert set(output.manifest.files) == {"deep/word.txt", "length.json"}
    assert not list(output.folder.rglob(".*.tmp"))


def test_a_failed_stage_leaves_no_output_and_its_partial_work(store: OutputStore) -> None:
    with pytest.raises(ValueError, match="no more"):
        store.run(write_word, word="table", fail=True)
    key = write_word.key(word="table")
    assert store.find(key) is None
    assert store.has_partial(key)
    output = store.run(write_word, word="table")
    assert output.manifest.attempts == 2
    assert not store.has_partial(key)


STEPS = ["unlink", "fsync", "replace", "rename", "rmtree"]


@pytest.mark.parametrize("nth", range(12))
def test_a_kill_at_any_system_call_of_a_commit_leaves_nothing_or_everything(store: OutputStore, nth: int) -> None:
    """The nth file-changing call from the first sync on kills the process; a later run repairs what it finds."""
    program = f"""
        import os, shutil, signal
        from pathlib import Path
        count = 0
        def deadly(function):
            def call(*arguments, **options):
                global count
                if count == {nth}:
                    os.kill(os.getpid(), signal.SIGKILL)
                count += 1
                return function(*arguments, **options)
            return call
        import rakuten.outputs.store as module
        from rakuten.outputs import OutputStore
        from {__name__} import write_word
        commit = module.commit
        def armed(*arguments):
            os.fsync, os.rename, os.replace, os.unlink = map(deadly, (os.fsync, os.rename, os.replace, os.unlink))
            shutil.rmtree = deadly(shutil.rmtree)
            return commit(*arguments)
        module.commit = armed
        OutputStore(Path({str(store.folder)!r})).run(write_word, word="armoire")
    """
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], env=environment, check=False)
    key = write_word.key(word="armoire")
    assert done.returncode in (0, -signal.SIGKILL)
    folder = store.folder / key
    assert not folder.exists() or find_damage(StageOutput(key=key, folder=folder)) is None
    repaired = store.run(write_word, word="armoire")
    assert repaired.file("deep/word.txt").read_text() == "armoire"
    assert find_damage(repaired) is None


def test_two_threads_that_need_the_same_output_make_it_once(store: OutputStore) -> None:
    made: list[StageOutput] = []
    threads = [
        threading.Thread(target=lambda: made.append(store.run(write_word, word="lampe", pause=0.3))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["lampe"]
    assert len({output.key for output in made}) == 1


def _run_slowly(folder: Path, started: Any) -> None:
    started.set()
    OutputStore(folder).run(write_word, word="tapis", pause=60)


def test_a_run_does_not_wait_for_one_that_was_killed(store: OutputStore) -> None:
    context = multiprocessing.get_context("fork")
    started = context.Event()
    process = context.Process(target=_run_slowly, args=(store.folder, started))
    process.start()
    assert started.wait(20)
    begun = store.folder / f"{write_word.key(word='tapis')}.partial" / SCRATCH / "attempts.json"
    while not begun.exists():
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    output = store.run(write_word, word="tapis")
    assert output.manifest.attempts == 2


def test_outputs_of_a_stage_come_newest_first(store: OutputStore) -> None:
    keys = [store.run(write_word, word=word).key for word in ("a", "b", "c")]
    os.utime(store.folder / keys[0] / MANIFEST, (2e9, 2e9))
    assert next(store.outputs_of("write_word")).key == keys[0]
    assert len(list(store.outputs_of("write_word"))) == 3
