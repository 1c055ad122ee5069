"""Committing, finding and repairing outputs; kills at any point of a commit."""

import errno
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

from rakuten.errors import DiskFullError, OutputError
from rakuten.outputs import SCRATCH, OutputStore, StageOutput
from rakuten.outputs.disk_space import RESERVE
from rakuten.outputs.locks import exclusive, is_held
from rakuten.outputs.stage_output import MANIFEST, file_digest, find_damage
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


@pytest.mark.parametrize("name", ["left over", "deep/left over"])
def test_a_file_that_the_manifest_does_not_list_is_damage(store: OutputStore, name: str) -> None:
    output = store.run(write_word, word="chaise")
    (output.folder / name).write_text("garbage")
    assert find_damage(output) == f"its manifest does not list {name}"
    assert find_damage(store.run(write_word, word="chaise")) is None


@pytest.mark.parametrize("changes", [{"files": {}}, {"facts": {"letters": 7}}, {"digest": ""}])
def test_a_manifest_that_was_changed_is_damage(store: OutputStore, changes: dict[str, Any]) -> None:
    output = store.run(write_word, word="chaise")
    path = output.folder / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    assert find_damage(output) == "its manifest was changed after it was written"


def test_a_manifest_that_lists_files_elsewhere_is_damage(store: OutputStore, tmp_path: Path) -> None:
    output = store.run(write_word, word="chaise")
    (store.folder / "secret").write_text("s")
    files = {**output.manifest.files, "../secret": file_digest(store.folder / "secret")}
    forged = output.manifest.model_copy(update={"files": files}).signed()
    (output.folder / MANIFEST).write_text(forged.model_dump_json())
    assert find_damage(output) == "its manifest lists '../secret', which is outside of it"


def test_a_file_replaced_by_a_link_is_damage(store: OutputStore, tmp_path: Path) -> None:
    output = store.run(write_word, word="chaise")
    (output.folder / "length.json").rename(tmp_path / "elsewhere.json")
    (output.folder / "length.json").symlink_to(tmp_path / "elsewhere.json")
    assert find_damage(output) == "length.json is a link; expected the file itself"
    assert find_damage(store.run(write_word, word="chaise")) is None


@pytest.mark.parametrize("endless", [lambda path: path.symlink_to("/dev/zero"), os.mkfifo], ids=["device", "pipe"])
@pytest.mark.parametrize("name", [MANIFEST, "length.json"])
def test_what_has_no_end_is_damage_and_is_not_read(store: OutputStore, name: str, endless: Any) -> None:
    output = store.run(write_word, word="chaise")
    (output.folder / name).unlink()
    endless(output.folder / name)
    assert store.find(output.key) is None
    assert find_damage(store.run(write_word, word="chaise")) is None


def test_facts_that_are_no_numbers_do_not_damage_a_manifest(store: OutputStore) -> None:
    manifest = store.run(write_word, word="chaise").manifest.model_copy(
        update={"facts": {"loss": float("nan"), "a": (1, 2)}}
    )
    assert type(manifest).model_validate_json(manifest.signed().model_dump_json()).is_intact


def test_a_file_changed_with_size_and_time_kept_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "word.txt"
    path.write_text("chaise")
    before = file_digest(path)
    times = path.stat()
    path.write_text("CHAISE")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file_digest(path) != before


def a_file(path: Path) -> None:
    path.write_text("not a folder")


def a_link_to_nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("intruder", [a_file, a_link_to_nowhere, a_link_to_itself])
@pytest.mark.parametrize("name", ["{key}", "{key}.damaged", "{key}.partial", "{key}.partial/scratch"])
def test_what_stands_where_a_folder_belongs_is_set_aside(store: OutputStore, intruder: Any, name: str) -> None:
    path = store.folder / name.format(key=write_word.key(word="lit"))
    path.parent.mkdir(exist_ok=True)
    intruder(path)
    if name.endswith(".damaged"):
        a_file(store.folder / write_word.key(word="lit"))
    output = store.run(write_word, word="lit")
    assert find_damage(output) is None
    assert [path.name for path in store.folder.iterdir() if path.name.startswith("write_word")] == [output.key]


@pytest.mark.parametrize("content", [b"", b"\0\xff garbage", b"[1]", b"-3", b"1.5", b'"two"', b"null"])
def test_an_unreadable_attempt_count_stops_no_stage(
    store: OutputStore, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    counter = store.folder / f"{write_word.key(word='lit')}.partial" / SCRATCH / "attempts.json"
    counter.parent.mkdir(parents=True)
    counter.write_bytes(content)
    assert store.run(write_word, word="lit").manifest.attempts == 1
    assert "attempts are counted anew" in caplog.text


@pytest.mark.parametrize("name", [MANIFEST, "scratch/attempts.json"])
def test_a_folder_where_a_file_of_interrupted_work_belongs_has_it_started_anew(store: OutputStore, name: str) -> None:
    (store.folder / f"{write_word.key(word='lit')}.partial" / name).mkdir(parents=True)
    assert find_damage(store.run(write_word, word="lit")) is None


def test_what_an_interrupted_attempt_left_outside_of_scratch_is_no_part_of_the_output(store: OutputStore) -> None:
    partial = store.folder / f"{write_word.key(word='lit')}.partial"
    (partial / "length.json").mkdir(parents=True)
    (partial / "junk").write_text("garbage")
    (partial / "deep").symlink_to("nowhere")
    assert sorted(store.run(write_word, word="lit").manifest.files) == ["deep/word.txt", "length.json"]


def killed_before_the_rename(store: OutputStore, word: str) -> Path:
    """The finished work of a stage as a kill between manifest and rename leaves it."""
    output = store.run(write_word, word=word)
    partial = output.folder.with_name(f"{output.key}.partial")
    output.folder.rename(partial)
    calls.clear()
    return partial


def test_work_that_was_finished_but_not_renamed_is_committed_and_not_done_again(store: OutputStore) -> None:
    partial = killed_before_the_rename(store, "lit")
    manifest = (partial / MANIFEST).read_bytes()
    output = store.run(write_word, word="lit")
    assert calls == []
    assert (output.folder / MANIFEST).read_bytes() == manifest
    assert not partial.exists()


@pytest.mark.parametrize("damage", [_truncate, Path.unlink, _flip], ids=["truncated", "deleted", "flipped"])
@pytest.mark.parametrize("name", ["deep/word.txt", MANIFEST])
def test_damaged_work_that_was_not_renamed_is_done_again(store: OutputStore, name: str, damage: Any) -> None:
    damage(killed_before_the_rename(store, "lit") / name)
    assert find_damage(store.run(write_word, word="lit")) is None
    assert calls == ["lit"]


@pytest.mark.parametrize("folder", ["locks", "locks/{key}.lock"])
def test_something_else_in_the_place_of_a_lock_is_named(store: OutputStore, folder: str) -> None:
    path = store.folder / folder.format(key=write_word.key(word="lit"))
    if path.suffix:
        path.mkdir(parents=True)
    else:
        path.write_text("")
    with pytest.raises(OutputError, match=r"expected a lock file in a folder .*; remove what is there"):
        store.run(write_word, word="lit")


@stage(version=1)
def fill_the_disk(out: Path, number: int) -> None:
    """Fail as the system does when a disk is full."""
    raise OSError(number, os.strerror(number), str(out / "large.bin"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_error_that_says_what_makes_room(store: OutputStore, number: int) -> None:
    with pytest.raises(DiskFullError, match=r"fill_the_disk could not write .*large\.bin.*rakuten gc"):
        store.run(fill_the_disk, number=number)


def test_other_system_errors_stay_as_they_are(store: OutputStore) -> None:
    with pytest.raises(PermissionError):
        store.run(fill_the_disk, number=errno.EACCES)


def test_a_stage_is_not_begun_where_its_last_output_would_not_fit(
    store: OutputStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.run(write_word, word="lit")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": RESERVE}))
    with pytest.raises(DiskFullError, match="50 MB free, write_word needs about 50 MB"):
        store.run(write_word, word="table")
    assert calls == ["lit"]


@stage(version=1)
def write_array(out: Path) -> None:
    """Fail as NumPy does when a disk is full."""
    raise OSError("4096 requested and 512 written")


def test_a_full_disk_is_told_from_errors_without_a_number(store: OutputStore) -> None:
    with pytest.raises(DiskFullError, match="write_array could not write"):
        store.run(write_array)


def test_a_lock_is_taken_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.pwrite", full)
    with exclusive(tmp_path / "lock", purpose="clearing up"):
        assert is_held(tmp_path / "lock")


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
