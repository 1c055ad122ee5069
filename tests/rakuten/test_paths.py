"""A path that is not what is wanted is described in words, with the closest name beside it."""

import os
from pathlib import Path

import pytest

from rakuten.errors import InputError
from rakuten.paths import did_you_mean, named_path, why_no_file, why_no_folder


def test_a_folder_and_a_file_are_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert why_no_folder(tmp_path) is None
    assert why_no_file(tmp_path / "file") is None
    assert why_no_file(tmp_path) == "is a folder, expected a file"
    assert why_no_folder(tmp_path / "file") == "is a file, expected a folder"


def test_what_does_not_exist_is_named_with_its_closest_neighbour(tmp_path: Path) -> None:
    (tmp_path / "dump-2026").mkdir()
    assert why_no_folder(tmp_path / "dmup-2026") == "does not exist; did you mean 'dump-2026'?"
    assert why_no_folder(tmp_path / "xyz") == "does not exist"
    assert why_no_folder(tmp_path / "xyz" / "further") == "does not exist"


def test_links_pipes_and_long_names_are_described(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("absent")
    os.mkfifo(tmp_path / "pipe")
    assert why_no_folder(tmp_path / "loop") == "is a link that leads to itself"
    assert why_no_folder(tmp_path / "dangling") == "is a link to absent, which does not exist"
    assert why_no_file(tmp_path / "pipe") == "is neither a file nor a folder, expected a file"
    assert why_no_folder(tmp_path / ("x" * 300)) == "cannot be read: File name too long"


def test_an_unknown_home_folder_is_refused() -> None:
    with pytest.raises(InputError, match="there is no such home folder; give an absolute path"):
        named_path("~nobody_of_this_name/x")


def test_the_closest_name_ignores_case() -> None:
    assert did_you_mean("Text_DNN", ["text_dnn", "text_gru"]) == "; did you mean 'text_dnn'?"
    assert did_you_mean("zzz", ["text_dnn"]) == ""
