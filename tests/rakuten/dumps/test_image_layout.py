"""However photos are delivered: they are read where there is no doubt, else the message says where they are."""

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rakuten.dumps.snapshot import list_dump
from rakuten.dumps.snapshot_files import SnapshotFiles
from rakuten.errors import DumpError, HostileArchiveError


def moved(*names: str) -> Callable[[Path], None]:
    """The folder `images` as another path or paths: of its own name, of image_train, of image_test."""

    def change(dump: Path) -> None:
        images = (dump / "images").rename(dump / "taken")
        for source, name in zip((images, images / "image_train", images / "image_test"), names, strict=False):
            if name:
                (dump / name).parent.mkdir(parents=True, exist_ok=True)
                source.rename(dump / name)
        if not any(path.is_file() for path in images.rglob("*")):
            for path in sorted(images.rglob("*"), reverse=True):
                path.rmdir()
            if images.exists():
                images.rmdir()

    return change


def renamed(change: Callable[[str], str]) -> Callable[[Path], None]:
    """The images under other file names."""

    def rename(dump: Path) -> None:
        for path in list((dump / "images").rglob("*.jpg")):
            path.rename(path.with_name(change(path.name)))

    return rename


def zipped(name: str, entry: Callable[[str], str], only: str = "") -> Callable[[Path], None]:
    """The images in a zip file, each in the entry that `entry` makes of its logical name."""

    def pack(dump: Path) -> None:
        with zipfile.ZipFile(dump / name, "w") as archive:
            for path in sorted((dump / "images").rglob("*.jpg")):
                logical = path.relative_to(dump / "images").as_posix()
                if not logical.startswith(only):
                    continue
                info = zipfile.ZipInfo("x")
                info.filename = entry(logical)
                archive.writestr(info, path.read_bytes())
                path.unlink()
        for path in sorted((dump / "images").rglob("*"), reverse=True):
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        if not any((dump / "images").iterdir()):
            (dump / "images").rmdir()

    return pack


def both(*changes: Callable[[Path], object]) -> Callable[[Path], None]:
    def change(dump: Path) -> None:
        for one in changes:
            one(dump)

    return change


TAKEN: dict[str, Callable[[Path], object]] = {
    "as the student repositories have them": moved("images/images"),
    "a folder Images": moved("Images"),
    "folders in capitals": moved("", "images/Image_Train", "images/IMAGE_TEST"),
    "folders at the top": moved("", "image_train", "image_test"),
    "names of a phone": renamed(lambda name: name.replace(".jpg", ".JPG")),
    "names in .jpeg": renamed(lambda name: name.replace(".jpg", ".jpeg")),
    "names in .png": renamed(lambda name: name.replace("image", "Image").replace(".jpg", ".png")),
    "a zip with a folder at its top": zipped("images.zip", lambda name: f"delivery/{name}"),
    "a zip with two folders at its top": zipped("images.zip", lambda name: f"delivery/images/{name}"),
    "a zip of Windows": zipped("images.zip", lambda name: f"images/{name}".replace("/", "\\")),
    "a zip in capitals": zipped("IMAGES.ZIP", lambda name: name.title()),
    "a zip of each part": both(
        zipped("image_train.zip", lambda name: name.partition("/")[2], "image_train"),
        zipped("image_test.zip", lambda name: name),
    ),
    "a zip and a folder": zipped("image_test.zip", lambda name: name, "image_test"),
}


@pytest.mark.parametrize("change", TAKEN)
def test_photos_are_taken_where_there_is_no_doubt(change: str, small_dump: Any, reading: Any, tmp_path: Path) -> None:
    expected = list_dump(small_dump.write(tmp_path / "expected"))
    dump = small_dump.write(tmp_path / "dump")
    TAKEN[change](dump)
    assert list_dump(dump).key == expected.key
    with SnapshotFiles(reading.snapshot(dump), dump) as files:
        assert {name: files.read(name) for name in files.images} == small_dump.images


@pytest.mark.parametrize("pack", [moved("images/image_test/x"), zipped("images.zip", lambda name: name[11:])])
def test_photos_in_no_folder_are_those_of_the_only_part(
    pack: Callable[[Path], None], small_dump: Any, tmp_path: Path
) -> None:
    test = {name: data for name, data in small_dump.images.items() if name.startswith("image_test")}
    small_dump.images = test
    dump = small_dump.write(tmp_path / "dump")
    for name in ("X_train_update.csv", "y_train_CVw08PX.csv"):
        (dump / name).unlink()
    pack(dump)
    assert {file.name for file in list_dump(dump).files} == {"X_test_update.csv", *test}


def empty_folder(dump: Path) -> None:
    for path in (dump / "images").rglob("*.jpg"):
        path.unlink()


def file_instead(dump: Path) -> None:
    moved("elsewhere")(dump)
    (dump / "images").write_bytes(b"")


def flat(dump: Path) -> None:
    for path in list((dump / "images").rglob("*.jpg")):
        path.rename(dump / "images" / path.name)


def loop(dump: Path) -> None:
    moved("elsewhere")(dump)
    (dump / "images").symlink_to(dump / "images")


def pipe(dump: Path) -> None:
    moved("elsewhere")(dump)
    os.mkfifo(dump / "images.zip")


NAMED: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty folders": (empty_folder, "images/ holds no image; expected images/image_train/image_<imageid>"),
    "a file images": (file_instead, "images is a file, expected a folder"),
    "flat": (
        flat,
        r"but 60 in images \(such as image_5001_product_1001\.jpg\); expected images/image_train/.*move them",
    ),
    "flat in a zip": (zipped("images.zip", lambda name: name[11:].lstrip("/")), r"but 60 in images\.zip"),
    "another folder": (moved("photos"), "but 54 in photos/image_train, 6 in photos/image_test"),
    "folders of other names": (moved("", "images/train", "images/test"), "but 54 in images/train, 6 in images/test"),
    "another zip": (zipped("photos.zip", lambda name: name), r"but 54 in photos\.zip/image_train"),
    "a zip in the folder": (
        both(zipped("i.zip", lambda name: name), lambda dump: moved_zip(dump)),
        r"but 54 in images/images\.zip/image_train",
    ),
    "names of another kind": (
        renamed(lambda name: name[6:]),
        r"images/ holds no image \(but images/image_test/5055_pro",
    ),
    "one photo twice": (
        zipped(
            "images.zip",
            lambda name: ("a/" if "5001" in name else "") + name.replace("5002_product_1002", "5001_product_1001"),
        ),
        "are the same image",
    ),
    "a link to itself": (loop, "images is a link that leads to itself"),
    "a pipe": (pipe, r"images\.zip is a named pipe, expected a regular file"),
}


def moved_zip(dump: Path) -> None:
    (dump / "images").mkdir()
    (dump / "i.zip").rename(dump / "images" / "images.zip")


@pytest.mark.parametrize("change", NAMED)
def test_photos_that_are_not_taken_are_named_with_the_remedy(change: str, small_dump: Any, tmp_path: Path) -> None:
    damage, message = NAMED[change]
    dump = small_dump.write(tmp_path / "dump")
    damage(dump)
    with pytest.raises(DumpError, match=message) as caught:
        list_dump(dump)
    assert "\n" not in str(caught.value)


def test_the_challenge_s_own_spelling_is_taken_where_an_image_has_two(
    small_dump: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = list_dump(small_dump.write(tmp_path / "expected"))
    small_dump.images["image_train/image_5001_product_1001.PNG"] = b"other"
    assert list_dump(small_dump.write(tmp_path / "dump")).key == expected.key
    assert "image_5001_product_1001.PNG" in caplog.text


def test_a_folder_is_read_once_however_many_links_lead_to_it(small_dump: Any, tmp_path: Path) -> None:
    expected = list_dump(small_dump.write(tmp_path / "expected"))
    dump = small_dump.write(tmp_path / "dump")
    (dump / "images" / "image_train" / "again").symlink_to(dump / "images")
    assert list_dump(dump).key == expected.key


@pytest.mark.parametrize("name", ["image_1\n.jpg", "image_1\x1b[2J.jpg", "image_1‮.jpg", "image_1\udcff.jpg"])
def test_names_from_outside_are_shown_escaped(
    name: str, small_dump: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    small_dump.images[f"image_train/{name}"] = b"x"
    list_dump(small_dump.write(tmp_path / "dump"))
    (line,) = [record.getMessage() for record in caplog.records if "are ignored" in record.getMessage()]
    assert line.isprintable()
    (tmp_path / "dump" / "images" / "image_train" / name).unlink()
    (tmp_path / "dump" / "images" / "image_train" / name).symlink_to("/etc/passwd")
    with pytest.raises(HostileArchiveError) as caught:
        list_dump(tmp_path / "dump")
    assert str(caught.value).isprintable()
