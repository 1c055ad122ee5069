"""Catalogues: which folders are dumps, which of them are whole, which is the newest."""

import os
import shutil
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from rakuten.dumps.catalogue_folder import CataloguedDump, natural_order, read_catalogue
from rakuten.dumps.layout import TABLES, X_TEST, X_TRAIN
from rakuten.errors import DumpError


def deliver(folder: Path, *, tables: tuple[str, ...] = TABLES, images: bool = True, marker: bool = False) -> Path:
    folder.mkdir(parents=True)
    for table in tables:
        (folder / table).write_text("", "utf-8")
    if images:
        (folder / "images" / "image_train").mkdir(parents=True)
        (folder / "images" / "image_train" / "image_1_product_2.jpg").write_bytes(b"")
    if marker:
        (folder / "_SUCCESS").touch()
    return folder


def test_a_marked_dump_is_complete_whatever_it_lacks(tmp_path: Path) -> None:
    dump = deliver(tmp_path / "a", tables=(X_TEST,), images=False, marker=True)
    assert CataloguedDump(dump).why_incomplete() is None


def test_an_unmarked_dump_is_complete_when_nothing_has_changed_for_a_while(tmp_path: Path) -> None:
    dump = CataloguedDump(deliver(tmp_path / "a"))
    assert "changed 0 s ago" in str(dump.why_incomplete())
    settled = dump.path.stat().st_ctime + 301
    assert dump.why_incomplete(now=settled) is None


def test_a_file_that_still_grows_keeps_its_dump_incomplete(tmp_path: Path) -> None:
    dump = CataloguedDump(deliver(tmp_path / "a"))
    image = dump.path / "images/image_train/image_1_product_2.jpg"
    image.write_bytes(b"more")
    # A tool that keeps times of change, as rsync does, must not make a fresh copy look old.
    os.utime(image, (0, 0))
    assert "changed" in str(dump.why_incomplete(settle_seconds=60))


@pytest.mark.parametrize(
    ("tables", "images", "said"),
    [
        ((X_TRAIN,), True, "lacks y_train_CVw08PX.csv, X_test_update.csv and has no _SUCCESS"),
        (TABLES, False, "lacks images and has no _SUCCESS"),
        ((), True, "holds none of X_train_update.csv"),
    ],
)
def test_a_half_copied_dump_is_incomplete_however_old(
    tmp_path: Path, tables: tuple[str, ...], images: bool, said: str
) -> None:
    dump = deliver(tmp_path / "a", tables=tables, images=images)
    assert said in str(CataloguedDump(dump).why_incomplete(now=dump.stat().st_ctime + 10**6))


def test_a_half_copied_archive_keeps_even_a_marked_dump_incomplete(tmp_path: Path) -> None:
    dump = deliver(tmp_path / "a", images=False, marker=True)
    with zipfile.ZipFile(dump / "images.zip", "w") as archive:
        archive.writestr("image_train/image_1_product_2.jpg", b"x" * 1000)
    assert CataloguedDump(dump).why_incomplete() is None
    whole = (dump / "images.zip").read_bytes()
    (dump / "images.zip").write_bytes(whole[: len(whole) // 2])
    assert CataloguedDump(dump).why_incomplete() == "images.zip is no whole zip file"


def test_only_folders_of_plain_names_are_dumps_and_the_others_are_told(tmp_path: Path) -> None:
    deliver(tmp_path / "2026-11-25", marker=True)
    deliver(tmp_path / ".copying", marker=True)
    deliver(tmp_path / "new\nline", marker=True)
    (tmp_path / "readme.txt").touch()
    (tmp_path / "latest").symlink_to(tmp_path / "2026-11-25")
    catalogue = read_catalogue(tmp_path)
    assert [dump.name for dump in catalogue.dumps] == ["2026-11-25"]
    assert catalogue.others == {
        ".copying": "is hidden",
        "latest": "is a link",
        "new\nline": "is not named in letters, digits and any of . _ + @ -",
        "readme.txt": "is no folder",
    }


def test_a_link_is_no_marker(tmp_path: Path) -> None:
    dump = deliver(tmp_path / "a", tables=(X_TEST,), images=False)
    (dump / "_SUCCESS").symlink_to(dump / X_TEST)
    assert not CataloguedDump(dump).is_marked


def test_the_newest_complete_dump_is_found_behind_one_that_is_being_copied(tmp_path: Path) -> None:
    for name in ("dump-9", "dump-10"):
        deliver(tmp_path / name, marker=True)
    deliver(tmp_path / "dump-11", tables=(X_TRAIN,))
    assert read_catalogue(tmp_path).newest().name == "dump-10"


def test_a_catalogue_without_a_complete_dump_says_what_each_lacks(tmp_path: Path) -> None:
    deliver(tmp_path / "a", tables=(X_TRAIN,), images=False)
    (tmp_path / "b").mkdir()
    with pytest.raises(DumpError, match=r"a lacks .* and has no _SUCCESS; b holds none of"):
        read_catalogue(tmp_path).newest()
    with pytest.raises(DumpError, match="does not exist"):
        read_catalogue(tmp_path / "absent")


def test_dumps_between_two_names_come_oldest_first_and_include_both(tmp_path: Path) -> None:
    for name in ("d1", "d2", "d3", "d10"):
        deliver(tmp_path / name, marker=True)
    catalogue = read_catalogue(tmp_path)
    assert [dump.name for dump in catalogue.between("d2", "d10")] == ["d2", "d3", "d10"]
    assert [dump.name for dump in catalogue.between(None, "d2")] == ["d1", "d2"]
    with pytest.raises(DumpError, match="no dump 'd4'"):
        catalogue.between("d4", None)
    with pytest.raises(DumpError, match="no complete dump from d3 to d1"):
        catalogue.between("d3", "d1")


def test_a_fingerprint_changes_with_tables_and_with_the_names_of_images(tmp_path: Path) -> None:
    dump = CataloguedDump(deliver(tmp_path / "a"))
    first = dump.fingerprint
    assert dump.fingerprint == first
    (dump.path / "images/image_train/image_3_product_4.jpg").touch()
    second = dump.fingerprint
    (dump.path / X_TRAIN).write_text("more", "utf-8")
    assert len({first, second, dump.fingerprint}) == 3


def test_names_are_ordered_as_people_order_them() -> None:
    ordered = ["a", "dump-9", "dump-10", "01", "1", "2026-2-1", "2026-11-09"]
    mixed = [ordered[place] for place in (3, 6, 0, 5, 1, 4, 2)]
    assert sorted(mixed, key=natural_order) == ordered


def pipe(path: Path) -> None:
    os.mkfifo(path)


def endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def socket_file(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


IRREGULAR = {"a named pipe": pipe, "a device": endless, "a socket": socket_file, "a folder": Path.mkdir}


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("kind", [*IRREGULAR, "a link to itself"])
@pytest.mark.parametrize("name", ["images.zip", X_TRAIN, X_TEST, "_SUCCESS", "images", "image_train"])
@pytest.mark.timeout(20)
def test_what_is_no_regular_file_is_never_read(tmp_path: Path, name: str, kind: str, marked: bool) -> None:
    dump = deliver(tmp_path / "a", images=False, marker=marked)
    (dump / name).unlink(missing_ok=True)
    (IRREGULAR | {"a link to itself": link_to_itself})[kind](dump / name)
    catalogued = CataloguedDump(dump)
    why = catalogued.why_incomplete(now=dump.stat().st_ctime + 10**6)
    assert catalogued.fingerprint
    if name == "images.zip":
        assert "images.zip cannot be read: " in str(why)


def test_an_archive_that_nobody_opens_says_of_which_kind_it_is(tmp_path: Path) -> None:
    for kind, make in IRREGULAR.items():
        dump = deliver(tmp_path / kind[2:], images=False, marker=True)
        make(dump / "images.zip")
        why = CataloguedDump(dump).why_incomplete()
        assert why == f"images.zip cannot be read: it is {kind}, expected a regular file"


def test_a_dump_that_vanishes_while_it_is_looked_at_is_incomplete(tmp_path: Path) -> None:
    dump = deliver(tmp_path / "a")
    catalogue = read_catalogue(tmp_path)
    shutil.rmtree(dump)
    assert catalogue.complete == ()


@pytest.mark.parametrize("make", [pipe, endless, link_to_itself, Path.touch])
@pytest.mark.timeout(20)
def test_a_catalogue_that_is_no_folder_is_one_line(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "catalogue")
    with pytest.raises(DumpError, match=r"catalogue (is no folder|cannot be read: .*); expected a folder with"):
        read_catalogue(tmp_path / "catalogue")


def test_names_of_what_is_no_dump_are_shown_escaped(tmp_path: Path) -> None:
    (tmp_path / "new\nline\x1b[2J").mkdir()
    with pytest.raises(DumpError, match=r"new\\nline\\x1b\[2J is not named in letters") as caught:
        read_catalogue(tmp_path).newest()
    assert str(caught.value).isprintable()


def test_a_dump_replaced_with_size_and_time_kept_has_another_fingerprint(tmp_path: Path) -> None:
    dump = CataloguedDump(deliver(tmp_path / "a"))
    first, table = dump.fingerprint, dump.path / X_TRAIN
    copy = Path(shutil.copy2(table, tmp_path / "copy"))
    copy.replace(table)
    assert dump.fingerprint != first


@pytest.mark.parametrize("name", ["Images.zip", "image_train.zip", "Images/Image_Train/x.jpg", "image_test/x.jpg"])
def test_images_may_be_delivered_under_names_near_the_challenge_s(tmp_path: Path, name: str) -> None:
    dump = deliver(tmp_path / "a", images=False)
    (dump / name).parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(dump / name, "w") as archive:
        archive.writestr("x", b"x")
    assert CataloguedDump(dump).why_incomplete(now=dump.stat().st_ctime + 10**6) is None
