"""The adapter between stages and Prefect: one key, one meaning of cached, failures that stay with their task."""

import os
import pickle
import signal
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from prefect import flow, get_client

from rakuten.errors import ContractError, OutputError, StageProcessError
from rakuten.outputs import OutputStore, StageOutput
from rakuten.stages import stage
from tasks.futures import SubmittedOutput, outputs_of
from tasks.look_up import OutputLookUp
from tasks.stage_task import StageKeyPolicy, StageOutputSerializer, StageTask, may_pass_by_itself

calls: list[str] = []


@stage(version=1, ignore=("folder",))
def make_word(out: Path, word: str, folder: Path | None = None) -> None:
    """Write a word."""
    calls.append(word)
    if word == "broken":
        raise ContractError("it is broken")
    (out / "word.txt").write_text(word)


@stage(version=1)
def join_words(out: Path, words: tuple[StageOutput | None, ...]) -> None:
    """Join words."""
    calls.append("join")
    (out / "words.txt").write_text(" ".join(word.file("word.txt").read_text() for word in words if word))


@stage(version=1, ignore=("mark",), isolated=True)
def die_once(out: Path, mark: Path) -> None:
    """Die the first time."""
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    (out / "alive.txt").write_text("yes")


@dataclass(frozen=True)
class Pair:
    first: StageOutput
    others: dict[str, StageOutput | None]


@stage(version=1)
def join_pairs(out: Path, pairs: tuple[Pair, ...]) -> None:
    """Join the words of pairs."""
    words = [word for pair in pairs for word in (pair.first, *pair.others.values()) if word]
    (out / "words.txt").write_text(" ".join(word.file("word.txt").read_text() for word in words))


@OutputLookUp
def find_nothing(word: StageOutput) -> StageOutput | None:
    assert type(word) is StageOutput
    return None


@flow
def speak(first: str, second: str) -> dict[str, str]:
    make, join = StageTask(make_word, label="word"), StageTask(join_words)
    words = (make.submit(word=first), make.submit(word=second), None)
    return outputs_of({"joined": join.submit(words=words)})


@flow
def speak_all(words: list[str]) -> dict[str, str]:
    make = StageTask(make_word, label="word")
    return outputs_of({word: make.submit(word=word) for word in words})


@flow
def speak_in_pairs() -> StageOutput:
    make = StageTask(make_word, label="word")
    first, second = make.submit("bonjour"), make.submit(word="monde")
    pair = Pair(first, {"second": second, "none": find_nothing.submit(first)})
    return StageTask(join_pairs).submit(pairs=(pair,))


@flow
def look_at_words() -> tuple[bool, str, dict[str, object]]:
    word = StageTask(make_word, label="word").submit(word="bonjour")
    is_same = word.key == make_word.key(word="bonjour") and pickle.loads(pickle.dumps(word)).folder == word.folder
    return is_same, word.file("word.txt").read_text(), word.facts


@flow
def use_what_is_not_there() -> None:
    word = StageTask(make_word, label="word").submit(word="bonjour")
    found = find_nothing.submit(word)
    assert found is not None
    assert isinstance(found, SubmittedOutput)
    assert found.key


@flow
def survive(mark: str) -> StageOutput:
    return StageTask(die_once).submit(mark=Path(mark))


@pytest.fixture(autouse=True)
def _no_calls() -> None:
    calls.clear()


def test_the_cache_key_is_the_stages_key() -> None:
    policy = StageKeyPolicy(stage=make_word)
    inputs = {"word": "lampe", "folder": Path("/a")}
    key = policy.compute_key(task_ctx=None, inputs=inputs, flow_parameters={})  # type: ignore[arg-type]
    assert key == make_word.key(word="lampe", folder=Path("/b"))


@pytest.mark.usefixtures("prefect_api")
def test_a_second_run_of_a_flow_runs_no_stage_body(outputs: Path) -> None:
    first = speak("bonjour", "monde")
    assert sorted(calls) == ["bonjour", "join", "monde"]
    assert speak("bonjour", "monde") == first
    assert len(calls) == 3


@pytest.mark.usefixtures("prefect_api", "outputs")
def test_outputs_that_are_not_there_yet_are_found_in_dataclasses_tuples_and_dicts() -> None:
    assert speak_in_pairs().file("words.txt").read_text() == "bonjour monde"


@pytest.mark.usefixtures("prefect_api", "outputs")
def test_a_submitted_output_is_waited_for_when_it_is_looked_at() -> None:
    assert look_at_words() == (True, "bonjour", {})


@pytest.mark.usefixtures("prefect_api", "outputs")
def test_an_output_that_no_look_up_found_cannot_be_used() -> None:
    with pytest.raises(OutputError, match="the look-up found no output"):
        use_what_is_not_there()


@pytest.mark.usefixtures("prefect_api")
def test_an_output_of_the_library_is_found_by_a_task_that_never_ran(outputs: Path) -> None:
    OutputStore(outputs).run(make_word, word="bonjour")
    speak("bonjour", "monde")
    assert calls.count("bonjour") == 1


@pytest.mark.usefixtures("prefect_api")
@pytest.mark.parametrize("name", ["word.txt", "manifest.json"])
def test_a_cached_task_whose_files_are_gone_runs_again(outputs: Path, name: str) -> None:
    speak("bonjour", "monde")
    (outputs / make_word.key(word="monde") / name).unlink()
    speak("bonjour", "monde")
    assert calls.count("monde") == 2
    assert calls.count("bonjour") == 1


@pytest.mark.usefixtures("prefect_api")
def test_a_failed_task_leaves_the_others_to_finish(outputs: Path) -> None:
    with pytest.raises(ContractError, match="it is broken"):
        speak_all(["broken", "bonjour"])
    assert calls.count("broken") == 1
    assert OutputStore(outputs).find(make_word.key(word="bonjour"))


@pytest.mark.usefixtures("prefect_api")
def test_the_error_told_is_the_one_that_stopped_the_others(outputs: Path) -> None:
    with pytest.raises(ContractError, match="it is broken"):
        speak("bonjour", "broken")


@pytest.mark.usefixtures("prefect_api")
def test_a_process_that_was_killed_is_tried_again(
    outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.stage_task.RETRY_SECONDS", 0)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    assert survive(str(tmp_path / "mark")).manifest.attempts == 2


def test_a_task_that_returns_anything_else_is_refused() -> None:
    with pytest.raises(TypeError, match="must return a StageOutput, not a dict"):
        StageOutputSerializer().dumps({"a": 1})


def test_loading_a_record_whose_output_is_gone_raises(outputs: Path) -> None:
    record = StageOutputSerializer().dumps(StageOutput(key="make_word-v1-x", folder=outputs))
    with pytest.raises(OutputError, match="no longer there"):
        StageOutputSerializer().loads(record)


def test_a_failed_tasks_error_is_kept_as_text() -> None:
    kept = StageOutputSerializer().loads(StageOutputSerializer().dumps(ContractError("it is broken")))
    assert str(kept) == "ContractError: it is broken"


def test_the_serializer_is_known_by_its_type_alone() -> None:
    """Prefect's API hands it back so; a further required field makes reading a state fail now and then."""
    assert StageOutputSerializer.model_validate({"type": "stage-output"}) == StageOutputSerializer()


class _Failed:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def result(self, raise_on_failure: bool) -> Exception:
        return self.error


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (StageProcessError("killed"), True),
        (ConnectionResetError(), True),
        (TimeoutError(), True),
        (ContractError("bad"), False),
        (ValueError("bug"), False),
        (FileNotFoundError(), False),
    ],
)
def test_only_what_can_pass_by_itself_is_tried_again(error: Exception, again: bool) -> None:
    assert may_pass_by_itself(None, None, _Failed(error)) is again  # type: ignore[arg-type]


@pytest.mark.usefixtures("prefect_api")
def test_the_task_run_of_an_output_that_was_there_says_when_it_was_made(outputs: Path) -> None:
    speak_all(["heure"])
    made = datetime.now().astimezone()
    speak_all(["heure"])

    def names() -> set[str]:
        with get_client(sync_client=True) as client:
            return {run.name for run in client.read_task_runs(limit=200) if "heure" in run.name}

    wanted = {"make_word heure", f"make_word heure · cached from {made:%d %b}"}
    # Task runs reach the server's database a moment after they end.
    for _ in range(100):
        if names() == wanted:
            break
        time.sleep(0.1)
    assert names() == wanted
