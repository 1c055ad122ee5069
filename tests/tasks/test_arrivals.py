"""New dumps are told once each: not before they are complete, not again after a restart, anew when they change."""

import json
import os
from pathlib import Path

import pytest
from prefect import get_client
from prefect.events.filters import EventFilter, EventNameFilter

from rakuten.dumps.catalogue_folder import Catalogue, read_catalogue
from rakuten.dumps.layout import X_TEST
from tasks.arrivals import tell_of_arrivals
from tasks.observability.events import DUMP_ARRIVED

pytestmark = pytest.mark.usefixtures("prefect_api", "outputs")


def deliver(catalogue: Path, name: str, text: str = "") -> Path:
    dump = catalogue / name
    dump.mkdir(parents=True, exist_ok=True)
    (dump / X_TEST).write_text(f",designation,description,productid,imageid\n{text}", "utf-8")
    (dump / "_SUCCESS").touch()
    return dump


def catalogue_of(folder: Path) -> Catalogue:
    """As a new process would read it."""
    return read_catalogue(folder)


def events_of(folder: Path) -> list[str]:
    """Names in the events that tell of dumps of a catalogue, oldest first."""
    wanted = EventFilter(event=EventNameFilter(name=[DUMP_ARRIVED]))
    with get_client(sync_client=True) as client:
        body = {"filter": wanted.model_dump(mode="json"), "limit": 50}
        events = client.request("POST", "/events/filter", json=body).json()["events"]
    payloads = [event["payload"] for event in reversed(events)]
    return [payload["name"] for payload in payloads if payload["catalogue"] == str(folder)]


def test_each_complete_dump_is_told_once_also_after_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    deliver(folder, "d1")
    (folder / "d2").mkdir()
    (folder / "d2" / X_TEST).touch()
    assert tell_of_arrivals(catalogue_of(folder)) == ["d1"]
    assert tell_of_arrivals(catalogue_of(folder)) == []
    deliver(folder, "d2")
    assert tell_of_arrivals(catalogue_of(folder)) == ["d2"]
    assert tell_of_arrivals(catalogue_of(folder)) == []
    assert events_of(folder) == ["d1", "d2"]


def test_a_dump_delivered_again_is_told_only_if_its_content_changed(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    dump = deliver(folder, "d1")
    assert tell_of_arrivals(catalogue_of(folder)) == ["d1"]
    os.utime(dump / X_TEST, (1, 1))
    assert tell_of_arrivals(catalogue_of(folder)) == []
    deliver(folder, "d1", text="0,Chaise,,1,2\n")
    assert tell_of_arrivals(catalogue_of(folder)) == ["d1"]
    assert events_of(folder) == ["d1", "d1"]


def test_a_dump_that_cannot_be_read_stops_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "catalogue"
    odd = deliver(folder, "d1")
    (odd / "y_train_CVw08PX.csv").write_text(",prdtypecode\n", "utf-8")
    deliver(folder, "d2")
    assert tell_of_arrivals(catalogue_of(folder)) == ["d2"]
    (odd / "y_train_CVw08PX.csv").unlink()
    assert tell_of_arrivals(catalogue_of(folder)) == ["d1"]


@pytest.mark.parametrize("content", [b"", b"[]", b"\0\xff", b'{"a": {"b": 1}}', None])
def test_a_damaged_memory_is_begun_anew(tmp_path: Path, outputs: Path, content: bytes | None) -> None:
    folder = tmp_path / "catalogue"
    folder.mkdir()
    outputs.mkdir()
    memory = outputs / "arrivals.json"
    if content is None:
        memory.mkdir()
    else:
        memory.write_bytes(content)
    assert tell_of_arrivals(catalogue_of(folder)) == []
    assert list(json.loads(memory.read_text("utf-8"))) == [str(folder)]
