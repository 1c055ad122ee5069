"""A dump broken in many ways: each gives a named error, or rows with reason and position; never a guess."""

import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rakuten.dumps import archive
from rakuten.dumps.layout import X_TEST, X_TRAIN, Y_TRAIN
from rakuten.errors import DumpError, HostileArchiveError

IMAGE = "image_train/image_5001_product_1001.jpg"


def rewrite(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    """A breakage of one table's bytes."""
    return lambda dump: (dump / name).write_bytes(change((dump / name).read_bytes()))


def link_out(dump: Path) -> None:
    (dump / "images" / IMAGE).unlink()
    (dump / "images" / IMAGE).symlink_to("/etc/passwd")


def link_to_nothing(dump: Path) -> None:
    (dump / "images" / IMAGE).unlink()
    (dump / "images" / IMAGE).symlink_to(dump / "images" / "gone.jpg")


def link_folder_out(dump: Path) -> None:
    folder = dump / "images" / "image_test"
    folder.rename(dump.parent / "elsewhere")
    folder.symlink_to(dump.parent / "elsewhere")


def pipe(dump: Path) -> None:
    (dump / "images" / IMAGE).unlink()
    os.mkfifo(dump / "images" / IMAGE)


def unlink(*names: str) -> Callable[[Path], None]:
    def breakage(dump: Path) -> None:
        for name in names:
            (dump / name).unlink()

    return breakage


DAMAGED_FILES: dict[str, tuple[Callable[[Path], object], type[DumpError], str]] = {
    "no products at all": (unlink(X_TRAIN, Y_TRAIN, X_TEST), DumpError, "has neither X_train_update.csv nor X_test"),
    "labels without products": (unlink(X_TRAIN), DumpError, "has labels .* but not their products"),
    "empty table": (rewrite(X_TRAIN, lambda data: b""), DumpError, "X_train_update.csv is empty; expected a header"),
    "header alone": (rewrite(Y_TRAIN, lambda data: b",prdtypecode\n"), DumpError, "has a header but no records"),
    "column missing": (
        rewrite(X_TEST, lambda data: data.replace(b"imageid", b"image", 1)),
        DumpError,
        r"X_test_update.csv lacks the columns imageid; it has \(unnamed\), designation, description, productid, image",
    ),
    "column twice": (
        rewrite(Y_TRAIN, lambda data: data.replace(b"prdtypecode", b"prdtypecode,prdtypecode", 1)),
        DumpError,
        "has the columns prdtypecode more than once",
    ),
    "Latin-1": (
        rewrite(X_TRAIN, lambda data: data.decode().encode("latin-1")),
        DumpError,
        "X_train_update.csv is not UTF-8: byte 0xe9 at offset 53, in record 1;",
    ),
    "Latin-1 in the last record": (
        rewrite(X_TEST, lambda data: data.rstrip() + b"\n99,caf\xe9,,99,99\n"),
        DumpError,
        "byte 0xe9 at offset .*, in record 7;",
    ),
    "UTF-16": (rewrite(X_TRAIN, lambda data: data.decode().encode("utf-16")), DumpError, "is encoded as UTF-16"),
    "cut within quotes": (
        rewrite(X_TRAIN, lambda data: data[: data.rindex(b'""beau') + 4]),
        DumpError,
        "no well-formed CSV in record 53, line .*: unexpected end of data",
    ),
    "text after a closing quote": (
        rewrite(X_TEST, lambda data: data + b'70,"one" two,,70,70\n'),
        DumpError,
        "no well-formed CSV in record 7",
    ),
    "images as folder and as zip": (
        lambda dump: (dump / "images.zip").write_bytes(b""),
        DumpError,
        r"has both images/ and images\.zip; keep one of them",
    ),
    "link that leaves the dump": (link_out, HostileArchiveError, "is a link to /etc/passwd, outside the dump's folder"),
    "folder that leaves the dump": (link_folder_out, HostileArchiveError, "images/image_test is a link to .*elsewhere"),
    "link to nothing": (link_to_nothing, DumpError, "is a link to .*gone.jpg, which does not exist"),
    "pipe instead of an image": (
        pipe,
        HostileArchiveError,
        "image_5001_product_1001.jpg is a named pipe, expected a regular file",
    ),
}


@pytest.mark.parametrize("breakage", DAMAGED_FILES)
def test_damaged_files_are_named_errors(breakage: str, small_dump: Any, reading: Any, tmp_path: Path) -> None:
    damage, error, message = DAMAGED_FILES[breakage]
    dump = small_dump.write(tmp_path / "dump")
    damage(dump)
    with pytest.raises(error, match=message):
        reading.products(dump)


def test_a_folder_that_does_not_exist_is_a_named_error(reading: Any, tmp_path: Path) -> None:
    with pytest.raises(DumpError, match="does not exist; expected a folder with X_train"):
        reading.products(tmp_path / "nowhere")


def field(table: str, record: int, column: int, value: str) -> Callable[[Any], None]:
    """A breakage of one field; record 1 is the first after the header."""

    def breakage(dump: Any) -> None:
        dump.tables[table][record][column] = value

    return breakage


def ragged(table: str, record: int, *fields: str) -> Callable[[Any], None]:
    return lambda dump: dump.tables[table][record].extend(fields) if fields else dump.tables[table][record].pop()


def without_label(dump: Any) -> None:
    del dump.tables[Y_TRAIN][20]


def surplus_label(dump: Any) -> None:
    dump.tables[Y_TRAIN].insert(9, ["777", "10"])


ODD_RECORDS: dict[str, tuple[Callable[[Any], object], list[tuple[str, int, str]], str]] = {
    "a field too many": (
        ragged(X_TRAIN, 7, "surplus"),
        [(X_TRAIN, 7, "ragged_row"), (Y_TRAIN, 7, "label_without_product")],
        "6 fields, expected 5",
    ),
    "a field too few": (ragged(X_TEST, 3), [(X_TEST, 3, "ragged_row")], "4 fields, expected 5"),
    "NUL in a title": (
        field(X_TEST, 2, 1, "a\0b"),
        [(X_TEST, 2, "nul_byte")],
        "a NUL byte in its text",
    ),
    "productid as decimal": (
        field(X_TRAIN, 5, 3, "1005.0"),
        [(X_TRAIN, 5, "productid_invalid")],
        "productid is '1005.0', expected a whole number",
    ),
    "negative productid": (
        field(X_TRAIN, 5, 3, "-5"),
        [(X_TRAIN, 5, "productid_invalid")],
        "productid is '-5', expected a whole number from 0",
    ),
    "productid beyond 64 bits": (
        field(X_TRAIN, 5, 3, "9" * 40),
        [(X_TRAIN, 5, "productid_invalid")],
        "with up to 18 digits",
    ),
    "imageid as text": (field(X_TEST, 6, 4, "none"), [(X_TEST, 6, "imageid_invalid")], "imageid is 'none'"),
    "index missing": (field(X_TEST, 1, 0, ""), [(X_TEST, 1, "index_invalid")], "index is ''"),
    "productid repeated": (
        field(X_TRAIN, 30, 3, "1010"),
        [(X_TRAIN, 30, "productid_repeated")],
        "productid 1010 stands already in record 10",
    ),
    "index repeated": (
        field(X_TEST, 4, 0, "54"),
        [(X_TEST, 4, "index_repeated")],
        "index 54 stands already in record 1",
    ),
    "label outside the 27": (
        field(Y_TRAIN, 12, 1, "9999"),
        [(X_TRAIN, 12, "label_unknown")],
        "prdtypecode is '9999' in record 12 of y_train_CVw08PX.csv, which is none of the 27 classes",
    ),
    "label as text": (field(Y_TRAIN, 12, 1, "books"), [(X_TRAIN, 12, "label_invalid")], "prdtypecode is 'books'"),
    "label empty": (
        field(Y_TRAIN, 12, 1, ""),
        [(X_TRAIN, 12, "label_missing")],
        "record 12 of y_train_CVw08PX.csv is empty",
    ),
    "label absent": (
        without_label,
        [(X_TRAIN, 20, "label_missing")],
        "y_train_CVw08PX.csv has none for index 19",
    ),
    "label of no product": (
        surplus_label,
        [(Y_TRAIN, 9, "label_without_product")],
        "index 777 is that of no product",
    ),
    "label twice": (
        field(Y_TRAIN, 15, 0, "3"),
        [(X_TRAIN, 15, "label_missing"), (Y_TRAIN, 15, "label_repeated")],
        "index 3 has a label already in record 4",
    ),
    "ragged label": (
        ragged(Y_TRAIN, 8, "x"),
        [(X_TRAIN, 8, "label_missing"), (Y_TRAIN, 8, "ragged_row")],
        "3 fields, expected 2",
    ),
}


@pytest.mark.parametrize("breakage", ODD_RECORDS)
def test_odd_records_are_left_out_with_reason_and_position(
    breakage: str, small_dump: Any, reading: Any, tmp_path: Path
) -> None:
    damage, expected, detail = ODD_RECORDS[breakage]
    damage(small_dump)
    dump = small_dump.write(tmp_path / "dump")
    products = reading.products(dump)
    assert reading.rejected(dump) == expected
    assert any(detail in found for found in reading.details(dump))
    lost = sum(file != Y_TRAIN for file, _, _ in expected)
    assert products.facts["train_products"] + products.facts["test_products"] == 60 - lost


def entry(name: str, data: bytes = b"x", **properties: Any) -> Callable[[zipfile.ZipFile], None]:
    """An entry with properties that the zipfile module would not write by itself."""

    def add(target: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo("x")
        info.filename = name
        for key, value in properties.items():
            setattr(info, key, value)
        target.writestr(info, data)

    return add


def two(one: Callable[[zipfile.ZipFile], None], other: Callable[[zipfile.ZipFile], None]) -> Callable[..., None]:
    def add(target: zipfile.ZipFile) -> None:
        one(target)
        other(target)

    return add


LINK = (stat.S_IFLNK | 0o777) << 16
DEVICE = (stat.S_IFCHR | 0o666) << 16

HOSTILE_ENTRIES: dict[str, tuple[Callable[[zipfile.ZipFile], None], str]] = {
    "path traversal": (entry("image_train/../../escaped.jpg"), r"leaves its folder by '\.\.'"),
    "absolute name": (entry("/etc/cron.d/job"), "has an absolute name"),
    "drive letter": (entry("C:/image.jpg"), "no plain relative path"),
    "path traversal by backslashes": (entry("image_train\\..\\escaped.jpg"), r"leaves its folder by '\.\.'"),
    "empty name part": (entry("image_train//image_1_product_2.jpg"), "empty or '.' parts"),
    "symbolic link": (entry(IMAGE, b"/etc/passwd", external_attr=LINK), "is a symbolic link"),
    "device": (entry(IMAGE, external_attr=DEVICE), "neither file nor folder"),
    "bomb": (
        entry(IMAGE, bytes(5_000_000), compress_type=zipfile.ZIP_DEFLATED),
        "bytes to 5,000,000, more than 100-fold",
    ),
    "name twice": (two(entry(IMAGE), entry(IMAGE)), "occurs more than once"),
    "name twice but for case": (two(entry(IMAGE), entry(IMAGE.upper())), "occurs more than once"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("breakage", HOSTILE_ENTRIES)
def test_hostile_archives_are_refused_and_nothing_is_extracted(
    breakage: str, small_dump: Any, reading: Any, tmp_path: Path
) -> None:
    add, message = HOSTILE_ENTRIES[breakage]
    small_dump.images = {}
    dump = small_dump.write(tmp_path / "dump", zipped=True)
    with zipfile.ZipFile(dump / "images.zip", "a") as target:
        add(target)
    before = sorted(path for path in tmp_path.rglob("*") if path.parent != tmp_path)
    with pytest.raises(HostileArchiveError, match=message):
        reading.products(dump)
    assert sorted(path for path in tmp_path.rglob("*") if path.parent != tmp_path and path.is_file()) == [
        path for path in before if path.is_file()
    ]


def test_entries_that_share_their_bytes_are_refused(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    dump = small_dump.write(tmp_path / "dump", zipped=True)
    path = dump / "images.zip"
    with zipfile.ZipFile(path) as whole:
        second = whole.infolist()[1].header_offset
    data = bytearray(path.read_bytes())
    third = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4) + 4)
    data[third + 42 : third + 46] = second.to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(HostileArchiveError, match="overlaps the one before it"):
        reading.products(dump)


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MAX_ENTRIES", 10, "has 60 entries, expected at most 10"),
        ("MAX_TOTAL_BYTES", 1000, "unpacks to .* bytes, expected at most 1,000"),
        ("MAX_ENTRY_BYTES", 100, "unpacks to .* bytes, expected at most 100"),
    ],
)
def test_archives_beyond_a_limit_are_refused(
    limit: str, value: int, message: str, small_dump: Any, reading: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, limit, value)
    with pytest.raises(HostileArchiveError, match=message):
        reading.products(small_dump.write(tmp_path / "dump", zipped=True))


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: b"no zip at all", lambda data: data[: len(data) // 2]]
)
def test_a_truncated_archive_is_a_named_error(
    damage: Callable[[bytes], bytes], small_dump: Any, reading: Any, tmp_path: Path
) -> None:
    dump = small_dump.write(tmp_path / "dump", zipped=True)
    (dump / "images.zip").write_bytes(damage((dump / "images.zip").read_bytes()))
    with pytest.raises(DumpError, match=r"images\.zip cannot be read as a zip file"):
        reading.products(dump)


def test_a_table_too_large_is_a_named_error(
    small_dump: Any, reading: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rakuten.dumps.dump_files.MAX_TABLE_BYTES", 100)
    with pytest.raises(DumpError, match=r"X_test_update\.csv has .* bytes, expected at most 100|X_train_update"):
        reading.products(small_dump.write(tmp_path / "dump"))
