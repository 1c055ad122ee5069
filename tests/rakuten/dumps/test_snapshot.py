import os
import shutil
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rakuten.dumps import digest_cache as digest_memory
from rakuten.dumps import dump_files
from rakuten.dumps.layout import X_TEST, X_TRAIN, Y_TRAIN
from rakuten.dumps.snapshot import list_dump
from rakuten.dumps.snapshot_files import SnapshotFiles
from rakuten.errors import DumpError, ImageError

LONG_AGO = 1_500_000_000


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files written a moment ago count as old; nothing but time sets the kernel's time of change back."""
    monkeypatch.setattr(digest_memory, "SETTLED_AFTER_NS", -1)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of files whose bytes are read."""
    names: list[str] = []
    original = dump_files.DumpFiles.open

    def noting(self: dump_files.DumpFiles, name: str) -> Any:
        names.append(name)
        return original(self, name)

    monkeypatch.setattr(dump_files.DumpFiles, "open", noting)
    return names


def test_listing_names_every_file_by_its_logical_name(small_dump: Any, tmp_path: Path) -> None:
    listing = list_dump(small_dump.write(tmp_path / "dump"))
    assert {file.name for file in listing.files} == {X_TRAIN, Y_TRAIN, X_TEST, *small_dump.images}
    assert (listing.has_train, listing.has_labels, listing.has_test, listing.has_images) == (True,) * 4


@pytest.mark.parametrize("prefix", ["", "images/"])
def test_folder_and_zip_of_the_same_images_have_one_key(small_dump: Any, tmp_path: Path, prefix: str) -> None:
    folder = small_dump.write(tmp_path / "folder")
    archive = small_dump.write(tmp_path / "zip", zipped=True, prefix=prefix)
    assert list_dump(folder).key == list_dump(archive).key


def test_key_is_unchanged_by_place_and_time_and_changed_by_one_byte(small_dump: Any, tmp_path: Path) -> None:
    dump = small_dump.write(tmp_path / "dump")
    key = list_dump(dump).key
    copy = tmp_path / "elsewhere"
    shutil.copytree(dump, copy)
    for path in copy.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    assert list_dump(copy).key == key
    name = next(iter(small_dump.images))
    (copy / "images" / name).write_bytes(small_dump.images[name] + b" ")
    assert list_dump(copy).key != key


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("zipped", [False, True])
def test_second_listing_reads_no_file(small_dump: Any, tmp_path: Path, opened: list[str], zipped: bool) -> None:
    dump = small_dump.write(tmp_path / "dump", zipped=zipped)
    memory = tmp_path / "digests"
    first = list_dump(dump, memory)
    assert len(opened) == len(first.files)
    opened.clear()
    assert list_dump(dump, memory) == first
    assert opened == []


@pytest.mark.usefixtures("settled")
def test_only_the_touched_file_is_read_again(small_dump: Any, tmp_path: Path, opened: list[str]) -> None:
    dump = small_dump.write(tmp_path / "dump")
    memory = tmp_path / "digests"
    before = list_dump(dump, memory)
    name = next(iter(small_dump.images))
    (dump / "images" / name).write_bytes(b"another picture")
    opened.clear()
    assert list_dump(dump, memory).key != before.key
    assert opened == [name]


@pytest.mark.usefixtures("settled")
def test_a_file_written_a_moment_ago_is_not_remembered(small_dump: Any, tmp_path: Path, opened: list[str]) -> None:
    dump = small_dump.write(tmp_path / "dump")
    now = time.time()
    os.utime(dump / Y_TRAIN, (now + 60, now + 60))
    list_dump(dump, tmp_path / "digests")
    opened.clear()
    list_dump(dump, tmp_path / "digests")
    assert opened == [Y_TRAIN]


@pytest.mark.usefixtures("settled")
def test_memory_keeps_dumps_apart_and_forgets_those_that_are_gone(small_dump: Any, tmp_path: Path) -> None:
    memory = tmp_path / "digests"
    dumps = [small_dump.write(tmp_path / name) for name in ("monday", "tuesday")]
    for dump in dumps:
        list_dump(dump, memory)
    assert set(pq.read_table(memory).column("dump").to_pylist()) == {str(dump) for dump in dumps}
    shutil.rmtree(dumps[0])
    (dumps[1] / "images" / next(iter(small_dump.images))).unlink()
    (dumps[1] / X_TEST).write_bytes(b",x\n")
    list_dump(dumps[1], memory)
    assert set(pq.read_table(memory).column("dump").to_pylist()) == {str(dumps[1])}


def test_damaged_memory_costs_time_and_nothing_else(small_dump: Any, tmp_path: Path) -> None:
    dump = small_dump.write(tmp_path / "dump")
    memory = tmp_path / "digests"
    memory.write_bytes(b"no parquet")
    assert list_dump(dump, memory) == list_dump(dump)


def test_what_desktops_leave_behind_is_no_part_of_a_dump(small_dump: Any, tmp_path: Path) -> None:
    clean = small_dump.write(tmp_path / "clean", zipped=True)
    small_dump.images |= {"__MACOSX/image_train/._image_1_product_1.jpg": b"", "image_train/.DS_Store": b"x"}
    assert list_dump(small_dump.write(tmp_path / "junk", zipped=True)).key == list_dump(clean).key
    folder = tmp_path / "folder"
    del small_dump.images["__MACOSX/image_train/._image_1_product_1.jpg"]
    assert list_dump(small_dump.write(folder)).key == list_dump(clean).key


def test_misnamed_images_are_ignored_with_a_warning(
    small_dump: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = list_dump(small_dump.write(tmp_path / "clean")).key
    small_dump.images["image_train/image_007_product_7.jpg"] = b"x"
    assert list_dump(small_dump.write(tmp_path / "dump")).key == expected
    assert "1 files beside the images" in caplog.text
    assert "image_007_product_7.jpg" in caplog.text


def test_a_link_within_the_dump_is_followed(small_dump: Any, tmp_path: Path) -> None:
    dump = small_dump.write(tmp_path / "dump")
    one, other = (dump / "images" / name for name in list(small_dump.images)[:2])
    one.unlink()
    one.symlink_to(other)
    digests = {file.name: file.sha256 for file in list_dump(dump).files}
    assert len({digests[name] for name in list(small_dump.images)[:2]}) == 1


def test_recorded_files_are_read_back(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    for zipped in (False, True):
        dump = small_dump.write(tmp_path / f"dump-{zipped}", zipped=zipped)
        with SnapshotFiles(reading.snapshot(dump), dump) as files:
            assert {name: files.read(name) for name in files.images} == small_dump.images
            digest = files.images[small_dump.image_of(3)]
            assert files.read_image(digest) == small_dump.images[small_dump.image_of(3)]


@pytest.mark.parametrize("change", [b"", b"shorter", b"x" * 100_000])
def test_a_file_that_changed_since_is_refused(small_dump: Any, reading: Any, tmp_path: Path, change: bytes) -> None:
    dump = small_dump.write(tmp_path / "dump")
    snapshot = reading.snapshot(dump)
    (dump / "images" / small_dump.image_of(1)).write_bytes(change)
    with (
        SnapshotFiles(snapshot, dump) as files,
        pytest.raises(DumpError, match=r"changed while it was read: image_train/image_5001"),
    ):
        files.read(small_dump.image_of(1))


def test_a_file_that_is_gone_since_is_refused(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    dump = small_dump.write(tmp_path / "dump")
    snapshot = reading.snapshot(dump)
    (dump / X_TRAIN).unlink()
    with SnapshotFiles(snapshot, dump) as files, pytest.raises(DumpError, match=f"{X_TRAIN} cannot be read"):
        files.read(X_TRAIN)


def test_an_image_too_large_is_not_read(
    small_dump: Any, reading: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = small_dump.write(tmp_path / "dump")
    monkeypatch.setattr("rakuten.dumps.snapshot_files.MAX_IMAGE_BYTES", 100)
    with SnapshotFiles(reading.snapshot(dump), dump) as files, pytest.raises(ImageError, match="at most 100"):
        files.read_image(files.images[small_dump.image_of(1)])


def test_a_damaged_zip_entry_is_an_image_that_cannot_be_read(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    dump = small_dump.write(tmp_path / "dump", zipped=True)
    data = bytearray((dump / "images.zip").read_bytes())
    place = data.find(small_dump.images[small_dump.image_of(2)])
    data[place + 50] ^= 0xFF
    (dump / "images.zip").write_bytes(data)
    with SnapshotFiles(reading.snapshot(dump), dump) as files:
        digest = files.images[small_dump.image_of(2)]
        with pytest.raises(ImageError, match=r"image_5002_product_1002\.jpg cannot be read: Bad CRC"):
            files.read_image(digest)


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (8, b"\x01\x00", "is encrypted; expected a zip file without password"),
        (10, b"\x0e\x00", "compression method 14"),
    ],
)
def test_an_entry_that_is_not_read_is_an_image_that_cannot_be_read(
    offset: int, value: bytes, message: str, small_dump: Any, reading: Any, tmp_path: Path
) -> None:
    dump = small_dump.write(tmp_path / "dump", zipped=True)
    data = bytearray((dump / "images.zip").read_bytes())
    # Flags and method of the first entry, in the directory at the end.
    place = data.index(b"PK\x01\x02") + offset
    data[place : place + 2] = value
    (dump / "images.zip").write_bytes(data)
    with SnapshotFiles(reading.snapshot(dump), dump) as files:
        assert len(files.images) == 60
        with pytest.raises(ImageError, match=message):
            files.read_image(files.images[small_dump.image_of(1)])


def test_an_entry_that_is_damaged_since_the_snapshot_is_a_change(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    dump = small_dump.write(tmp_path / "dump", zipped=True)
    snapshot = reading.snapshot(dump)
    data = bytearray((dump / "images.zip").read_bytes())
    data[data.find(small_dump.images[small_dump.image_of(2)]) + 50] ^= 0xFF
    (dump / "images.zip").write_bytes(data)
    with SnapshotFiles(snapshot, dump) as files, pytest.raises(DumpError, match="changed while it was read"):
        files.read(small_dump.image_of(2))


def test_an_image_of_any_size_is_listed_without_reading_it(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    dump = small_dump.write(tmp_path / "dump")
    os.truncate(dump / "images" / small_dump.image_of(1), 10**12)
    with SnapshotFiles(reading.snapshot(dump), dump) as files:
        digest = files.images[small_dump.image_of(1)]
        with pytest.raises(ImageError, match="1,000,000,000,000 bytes, expected at most"):
            files.read_image(digest)


def test_image_folders_may_be_absent(small_dump: Any, tmp_path: Path) -> None:
    small_dump.images = {}
    assert not list_dump(small_dump.write(tmp_path / "dump")).has_images


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("zipped", [False, True])
def test_a_file_replaced_with_its_size_and_time_kept_is_seen(small_dump: Any, tmp_path: Path, zipped: bool) -> None:
    dump = small_dump.write(tmp_path / "dump", zipped=zipped)
    memory = tmp_path / "digests"
    before = list_dump(dump, memory)
    for name in (X_TEST, "images.zip" if zipped else f"images/{small_dump.image_of(1)}"):
        path, status = dump / name, (dump / name).stat()
        data = bytearray(path.read_bytes())
        place = data.index(small_dump.images[small_dump.image_of(1)]) if name != X_TEST else data.rindex(b"no 60") - 3
        data[place + 3] ^= 1
        copy = tmp_path / "copy"
        copy.write_bytes(data)
        os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
        copy.replace(path)
        after = list_dump(dump, memory)
        assert after.key != before.key
        before = after


def test_a_memory_of_another_version_costs_time_and_nothing_else(small_dump: Any, tmp_path: Path) -> None:
    dump = small_dump.write(tmp_path / "dump")
    old = {"dump": [str(dump)], "name": [X_TEST], "size": [1], "container_size": [1], "mtime_ns": [1], "sha256": ["x"]}
    pq.write_table(pa.table(old), tmp_path / "digests")
    assert list_dump(dump, tmp_path / "digests") == list_dump(dump)
