from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rakuten.training.networks.checkpoints import EPOCH_SECONDS, Checkpoint, Checkpoints


def checkpoint(step: int) -> Checkpoint:
    return Checkpoint({"weights": np.full((2, 3), step, np.float32)}, {"step": step, "history": [{"loss": 0.1 * step}]})


def test_nothing_is_loaded_where_nothing_was_saved(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "none", 60).load() is None


def test_newest_checkpoint_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, 60)
    for step in range(5):
        checkpoints.save(checkpoint(step))
    loaded = Checkpoints(tmp_path, 60).load()
    assert loaded is not None
    assert loaded.position == checkpoint(4).position
    np.testing.assert_array_equal(loaded.arrays["weights"], checkpoint(4).arrays["weights"])


def test_two_checkpoints_at_most_take_disk(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, 60)
    for step in range(5):
        checkpoints.save(checkpoint(step))
    assert len(list(tmp_path.iterdir())) == 4


@given(st.data())
def test_any_damage_to_the_newest_leaves_the_one_before(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("checkpoints")
    checkpoints = Checkpoints(folder, 60)
    checkpoints.save(checkpoint(1))
    checkpoints.save(checkpoint(2))
    path = folder / data.draw(st.sampled_from(["checkpoint-0.npz", "checkpoint-0.json"]))
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    loaded = Checkpoints(folder, 60).load()
    assert loaded is not None
    assert loaded.position["step"] == 1


def test_a_position_changed_after_it_was_written_is_not_believed(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, 60)
    checkpoints.save(checkpoint(1))
    checkpoints.save(checkpoint(2))
    note = tmp_path / "checkpoint-0.json"
    note.write_text(note.read_text().replace('step\\": 2', 'step\\": 9'))
    loaded = Checkpoints(tmp_path, 60).load()
    assert loaded is not None
    assert loaded.position["step"] == 1


@pytest.mark.parametrize("content", [b"[]", b"{}", b'{"serial": 7}', b'{"serial": 7, "sha256": "", "position": {}}'])
def test_a_note_of_another_form_is_passed_over(tmp_path: Path, content: bytes) -> None:
    checkpoints = Checkpoints(tmp_path, 60)
    checkpoints.save(checkpoint(1))
    (tmp_path / "checkpoint-0.json").write_bytes(content)
    loaded = Checkpoints(tmp_path, 60).load()
    assert loaded is not None
    assert loaded.position["step"] == 1


@pytest.mark.parametrize("name", ["", "checkpoint-0.npz", "checkpoint-0.json", "checkpoint-1.npz"])
@pytest.mark.parametrize("intruder", [Path.mkdir, lambda path: path.symlink_to("nowhere")], ids=["folder", "link"])
def test_what_stands_where_a_checkpoint_belongs_stops_no_training(tmp_path: Path, name: str, intruder: Any) -> None:
    folder = tmp_path / "checkpoints"
    if name:
        folder.mkdir()
    intruder(folder / name)
    checkpoints = Checkpoints(folder, 60)
    assert checkpoints.load() is None
    for step in (1, 2):
        checkpoints.save(checkpoint(step))
    loaded = Checkpoints(folder, 60).load()
    assert loaded is not None
    assert loaded.position["step"] == 2


def test_saving_after_loading_never_overwrites_what_was_loaded(tmp_path: Path) -> None:
    Checkpoints(tmp_path, 60).save(checkpoint(1))
    resumed = Checkpoints(tmp_path, 60)
    resumed.load()
    resumed.save(checkpoint(2))
    for path in tmp_path.glob("checkpoint-0.*"):
        path.unlink()
    loaded = Checkpoints(tmp_path, 60).load()
    assert loaded is not None
    assert loaded.position["step"] == 1


def test_checkpoints_hold_no_pickles(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pickle"):
        Checkpoints(tmp_path, 60).save(Checkpoint({"weights": np.array([{}], object)}, {}))


def test_checkpoint_is_due_by_time_and_sooner_at_the_end_of_an_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    checkpoints = Checkpoints(tmp_path, 60)
    now += EPOCH_SECONDS - 1
    assert not checkpoints.due(epoch_ended=True)
    now += 1
    assert checkpoints.due(epoch_ended=True)
    assert not checkpoints.due(epoch_ended=False)
    now += 60
    assert checkpoints.due(epoch_ended=False)
    checkpoints.save(checkpoint(1))
    assert not checkpoints.due(epoch_ended=True)
