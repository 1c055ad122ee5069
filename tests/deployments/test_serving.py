"""A real server and worker: schedules, events, notifications, stops, and runs that are killed."""

import http.server
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grown_dumps import grow
from real_server import PATIENCE, Serving
from small_plans import write_small_plan

from deployments.server.processes import descendants
from rakuten.demo.dump import write_demo_dump
from rakuten.outputs.locks import exclusive

pytestmark = pytest.mark.timeout(1800)


class Receiver(http.server.ThreadingHTTPServer):
    """Takes what webhooks send.

    Attributes:
        received: Bodies of the requests, in order.
    """

    def __init__(self) -> None:
        self.received: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), Take)

    def handle_error(self, request: Any, client_address: Any) -> None:
        raise

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def texts(self) -> list[str]:
        return [body["text"] for body in self.received]


class Take(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(body))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dumps") / "first"
    write_demo_dump(folder, num_products=200, image_size=32, num_workers=1, broken_rows=False)
    return folder


@pytest.fixture(scope="module")
def serving(
    tmp_path_factory: pytest.TempPathFactory, dump: Path, receiver: Receiver, migrated_database: Path
) -> Iterator[Serving]:
    """A server whose nightly run comes every twenty seconds, over a catalogue of one dump."""
    folder = tmp_path_factory.mktemp("serving")
    plan = write_small_plan(folder / "tiny.toml", ["small_ngrams"], fusion="weighted")
    settings = {"RAKUTEN_WEBHOOK": receiver.address, "RAKUTEN_NIGHTLY_DEADLINE_MINUTES": "0.2"}
    made = Serving(folder, plan, {"nightly": 20.0}, **settings)
    made.deliver(dump, "2026-11-24")
    (made.outputs / "prefect").mkdir(parents=True)
    shutil.copy(migrated_database, made.outputs / "prefect" / "prefect.db")
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def _watching(serving: Serving) -> None:
    """Schedule a scan of the catalogue every fifteen seconds: each is a process, which not all tests need."""
    watch = serving.ask("deployments/name/watch-catalogue/watch-catalogue")["id"]
    serving.ask(f"deployments/{watch}/schedules", [{"schedule": {"interval": 15.0}, "slug": "often", "active": True}])


def test_a_schedule_fires_a_retraining_that_ends_with_its_artifacts(serving: Serving) -> None:
    run = serving.ended("nightly", "Completed", PATIENCE)
    assert run["auto_scheduled"] is True
    assert run["name"] == "2026-11-24 · tiny"
    (retraining,) = serving.sub_runs(run)
    assert retraining["state_name"] == "Completed"
    assert serving.artifacts(retraining) >= {"scores", "report", "report-file", "files"}
    assert serving.artifacts(run) >= {"scores", "report", "report-file"}


def test_what_is_there_is_not_made_again_by_the_next_night(serving: Serving) -> None:
    first = serving.ended("nightly", "Completed", PATIENCE)
    before = serving.manifests()
    begun = len(serving.runs("nightly"))

    def a_later_night() -> dict[str, Any] | None:
        later = serving.runs("nightly")[begun:]
        return next((run for run in later if run["state_name"] == "Completed"), None)

    later = serving.wait_for(a_later_night, "a second nightly run", PATIENCE)
    assert serving.manifests() == before
    assert later["total_run_time"] < first["total_run_time"]


@pytest.mark.slow
@pytest.mark.usefixtures("_watching")
def test_a_new_dump_starts_its_backfill_once(serving: Serving, dump: Path, tmp_path: Path) -> None:
    serving.ended("new-dump", "Completed", PATIENCE, first="2026-11-24")
    grown = grow(dump, tmp_path / "grown", 20)
    serving.deliver(grown, "2026-11-25")
    run = serving.ended("new-dump", "Completed", PATIENCE, first="2026-11-25")
    assert run["parameters"]["catalogue"] == str(serving.catalogue)
    looks = len(serving.runs("watch-catalogue"))
    serving.wait_for(lambda: len(serving.runs("watch-catalogue")) > looks + 1, "two more looks", PATIENCE)
    assert sorted(serving.arrivals()) == ["2026-11-24", "2026-11-25"]
    assert len(serving.runs("new-dump")) == 2
    assert {manifest["attempts"] for manifest in serving.manifests().values()} == {1}
    new_images = [fact["images_computed"] for fact in facts_of(serving, "inspect_images")]
    assert sorted(new_images)[0] == 20


@pytest.mark.slow
def test_people_are_told_of_failures_broken_contracts_and_missed_deadlines(
    serving: Serving, receiver: Receiver, dump: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "X_train_update.csv").write_text(",designation,description,productid,imageid\n" + ",,,,\n" * 50, "utf-8")
    validate = serving.ask("deployments/name/validate/validate")["id"]
    serving.ask(f"deployments/{validate}/create_flow_run", {"parameters": {"dump": "/nowhere"}})
    serving.ask(f"deployments/{validate}/create_flow_run", {"parameters": {"dump": str(broken)}})

    def told(*words: str) -> bool:
        return any(all(word in text for word in words) for text in receiver.texts())

    serving.wait_for(lambda: told("validate nowhere Failed", "is no folder"), "word of a failed run", PATIENCE)
    serving.wait_for(lambda: told("dump broken breaks its contracts"), "word of a broken contract", PATIENCE)
    # A nightly run waits for the one before it.
    with exclusive(serving.outputs / "locks" / "nightly.lock", purpose="this test"):
        serving.wait_for(lambda: told("a nightly run is not over"), "word of a missed deadline", PATIENCE)


@pytest.mark.slow
@pytest.mark.usefixtures("_watching")
def test_stopping_leaves_no_process_and_starting_again_loses_nothing(serving: Serving) -> None:
    serving.ended("nightly", "Completed", PATIENCE)
    deployments = {found["id"] for found in serving.ask("deployments/filter", {})}
    runs = {run["id"] for run in serving.runs("nightly")}
    arrivals, looks = sorted(serving.arrivals()), len(serving.runs("watch-catalogue"))
    processes = descendants(serving.process.pid)
    assert len(processes) >= 2
    serving.stop()
    assert [pid for pid in processes if Path(f"/proc/{pid}").exists()] == []

    serving.start()
    assert {found["id"] for found in serving.ask("deployments/filter", {})} == deployments
    # One that was under way waits for its turn.
    nightly = {"deployments": {"name": {"any_": ["nightly"]}}}
    assert runs <= {run["id"] for run in serving.ask("flow_runs/filter", nightly)}
    serving.wait_for(lambda: len(serving.runs("watch-catalogue")) > looks + 1, "two more looks", PATIENCE)
    assert sorted(serving.arrivals()) == arrivals


def facts_of(serving: Serving, stage: str) -> list[dict[str, Any]]:
    return [manifest["facts"] for key, manifest in serving.manifests().items() if key.startswith(stage)]


@pytest.mark.slow
def test_a_run_whose_worker_is_killed_in_a_training_is_marked_and_the_next_ends_with_the_same_bytes(
    tmp_path: Path, dump: Path
) -> None:
    plan = write_small_plan(tmp_path / "tiny.toml", ["small_ngrams", "short_cnn"], fusion="weighted")
    killed = Serving(tmp_path / "killed", plan, {}, RAKUTEN_CPU_SLOTS="1")
    killed.deliver(dump, "a")
    killed.start()
    try:
        nightly = killed.ask("deployments/name/nightly/nightly")["id"]
        first = killed.ask(f"deployments/{nightly}/create_flow_run", {})["id"]
        killed.wait_for(lambda: training(killed), "a training", PATIENCE)
        kill_worker(killed)
        killed.wait_for(lambda: state_of(killed, first) == "Crashed", "the mark", PATIENCE)
        second = killed.ask(f"deployments/{nightly}/create_flow_run", {})["id"]
        killed.wait_for(lambda: state_of(killed, second) == "Completed", "the next run", PATIENCE)
        attempts = [made["attempts"] for key, made in killed.manifests().items() if key.startswith("train_model")]
        assert max(attempts) > 1
    finally:
        killed.stop()

    whole = Serving(tmp_path / "whole", plan, {}, RAKUTEN_CPU_SLOTS="1")
    whole.deliver(dump, "a")
    whole.retrain("a", plan)
    assert models(whole) == models(killed)


@pytest.mark.slow
def test_after_a_power_cut_every_run_ends_or_goes_on_and_the_next_night_runs(
    tmp_path: Path, dump: Path, receiver: Receiver
) -> None:
    plan = write_small_plan(tmp_path / "tiny.toml", ["small_ngrams"], fusion="weighted")
    cut = Serving(tmp_path / "cut", plan, {"nightly": 20.0}, RAKUTEN_WEBHOOK=receiver.address)
    cut.deliver(dump, "a")
    cut.start()
    try:
        with exclusive(cut.outputs / "locks" / "nightly.lock", purpose="this test"):
            night = cut.ended("nightly", "Running", PATIENCE)["id"]
            put = {state: put_run(cut, state) for state in ("SCHEDULED", "PENDING", "RUNNING", "CANCELLING", "PAUSED")}
            os.killpg(cut.process.pid, signal.SIGKILL)
            cut.process.wait()
            # A night passes.
            time.sleep(21)
        cut.start()
        cut.wait_for(lambda: any("missed while" in text for text in receiver.texts()), "word of it", PATIENCE)
        cut.wait_for(lambda: state_of(cut, night) == "Completed", "the interrupted night to go on", PATIENCE)
        cut.wait_for(lambda: not open_runs(cut, list(put.values())), "all runs to end", PATIENCE)
        ends = {state: state_of(cut, run) for state, run in put.items()}
        assert ends == {
            "SCHEDULED": "Failed",
            "PENDING": "Failed",
            "RUNNING": "Failed",
            "CANCELLING": "Cancelled",
            "PAUSED": "Cancelled",
        }
        cut.wait_for(lambda: later_nights(cut, night), "the next night", PATIENCE)
    finally:
        cut.stop()


def put_run(serving: Serving, state: str) -> str:
    """A run of no dump, which fails as soon as it runs, that the server takes for being in a state."""
    validate = serving.ask("deployments/name/validate/validate")["id"]
    run = str(serving.ask(f"deployments/{validate}/create_flow_run", {"parameters": {"dump": "/nowhere"}})["id"])
    serving.ask(f"flow_runs/{run}/set_state", {"state": {"type": state}, "force": True})
    return run


def open_runs(serving: Serving, runs: list[str]) -> list[str]:
    ended = ("COMPLETED", "FAILED", "CANCELLED", "CRASHED")
    return [run for run in runs if serving.ask(f"flow_runs/{run}")["state_type"] not in ended]


def later_nights(serving: Serving, night: str) -> list[str]:
    return [run["id"] for run in serving.runs("nightly") if run["id"] != night and run["state_name"] == "Completed"]


def state_of(serving: Serving, run: str) -> str:
    return str(serving.ask(f"flow_runs/{run}")["state_name"])


def training(serving: Serving) -> bool:
    return any(serving.outputs.glob("train_model-*.partial/scratch/attempts.json"))


def kill_worker(serving: Serving) -> None:
    for pid in descendants(serving.process.pid):
        if b"deployments.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
            return
    raise AssertionError("no worker to kill")


def models(serving: Serving) -> dict[str, str]:
    """Digests of the files of all models and votes."""
    return {
        f"{key}/{name}": record["sha256"]
        for key, manifest in serving.manifests().items()
        for name, record in manifest["files"].items()
        if key.startswith(("train_", "fuse_"))
    }
