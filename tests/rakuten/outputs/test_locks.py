"""Locks name each holder once, and what stands in the place of their file."""

import logging
import threading
from pathlib import Path

import pytest

from rakuten.errors import OutputError
from rakuten.outputs.locks import exclusive, first_free, is_held


def test_who_waits_is_told_of_a_holder_of_several_slots_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    slots = [tmp_path / "slot-0.lock", tmp_path / "slot-1.lock"]
    caplog.set_level(logging.INFO, "rakuten")

    def take() -> None:
        with first_free(slots, purpose="a training"):
            pass

    with exclusive(slots[0], purpose="this test"), exclusive(slots[1], purpose="this test"):
        waiting = threading.Thread(target=take)
        waiting.start()
        while not caplog.records:
            waiting.join(0.01)
    waiting.join()
    (message,) = [record.getMessage() for record in caplog.records]
    assert message.count("pid") == 1


def test_a_folder_in_the_place_of_a_lock_file_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "ui.lock"
    folder.mkdir()
    assert not is_held(folder)
    with (
        pytest.raises(OutputError, match=r"ui\.lock: expected a lock file in a folder \(Is a directory\); remove"),
        exclusive(folder, purpose="this test"),
    ):
        pass
