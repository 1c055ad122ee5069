"""Ways to break a sound dump, by name, each with what must become of it.

A mutation changes a copy of a generated dump of `NUM_TRAIN` and `NUM_TEST` products, at places that a seeded random
generator chooses.
"""

import bz2
import csv
import gzip
import io
import lzma
import os
import shutil
import socket
import stat
import zipfile
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import NamedTuple

from PIL import Image

from rakuten.demo.dump import write_demo_dump
from rakuten.dumps.layout import X_TEST, X_TRAIN, Y_TRAIN

NUM_TRAIN = 120
NUM_TEST = 40
IMAGE_SIZE = 64


class Outcome(StrEnum):
    """What becomes of a dump."""

    ACCEPTED = "accepted"  # every record is used; odd images are warnings
    QUARANTINED = "quarantined"  # some records are left out, the rest goes on
    FAILED = "failed"  # read whole, and not fit for use; the verdict says why
    REFUSED = "refused"  # not read; one line says why


ACCEPTED, QUARANTINED, FAILED, REFUSED = Outcome
Change = Callable[[Path, Random], object]


class Mutation(NamedTuple):
    """A way to break a dump.

    Attributes:
        change: Changes the dump's files.
        outcomes: What may become of it.
        says: Text that the message or the verdict must hold.
    """

    change: Change
    outcomes: frozenset[Outcome]
    says: str = ""


def write_sound_dump(folder: Path) -> None:
    """The dump that all mutations begin with."""
    write_demo_dump(
        folder,
        num_products=NUM_TRAIN,
        num_test_products=NUM_TEST,
        image_size=IMAGE_SIZE,
        broken_rows=False,
        num_workers=1,
    )


# Tables as bytes and as rows.


def bytes_of(name: str, change: Callable[[bytes, Random], bytes]) -> Change:
    return lambda dump, random: (dump / name).write_bytes(change((dump / name).read_bytes(), random))


def text_of(name: str, change: Callable[[str], str]) -> Change:
    return bytes_of(name, lambda data, random: change(data.decode()).encode())


def encoded(name: str, encoding: str) -> Change:
    return bytes_of(name, lambda data, random: data.decode().encode(encoding, "xmlcharrefreplace"))


def rows_of(name: str, change: Callable[[list[list[str]], Random], object], **dialect: str) -> Change:
    def rewrite(dump: Path, random: Random) -> None:
        rows = list(csv.reader(io.StringIO((dump / name).read_text("utf-8"), newline="")))
        change(rows, random)
        text = io.StringIO(newline="")
        csv.writer(text, **{"lineterminator": "\n", **dialect}).writerows(rows)  # type: ignore[arg-type]
        (dump / name).write_text(text.getvalue(), "utf-8", newline="")

    return rewrite


def dialect(**dialect: str) -> Change:
    """All tables written with another separator or line end."""
    return together(*(rows_of(name, lambda rows, random: None, **dialect) for name in (X_TRAIN, Y_TRAIN, X_TEST)))


def header_of(name: str, change: Callable[[list[str]], object]) -> Change:
    return rows_of(name, lambda rows, random: change(rows[0]))


def cell(name: str, column: int, value: str, count: int = 1) -> Change:
    """A value in some records chosen at random."""

    def change(rows: list[list[str]], random: Random) -> None:
        for row in random.sample(rows[1:], count):
            row[column] = value

    return rows_of(name, change)


def together(*changes: Change) -> Change:
    def change(dump: Path, random: Random) -> None:
        for one in changes:
            one(dump, random)

    return change


def flip_bytes(data: bytes, random: Random, count: int = 8) -> bytes:
    flipped = bytearray(data)
    for _ in range(count):
        flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(1, len(data))]


def shuffled(rows: list[list[str]], random: Random) -> None:
    body = rows[1:]
    random.shuffle(body)
    rows[1:] = body


def reversed_columns(rows: list[list[str]], random: Random) -> None:
    rows[:] = [row[::-1] for row in rows]


def without_column(rows: list[list[str]], random: Random, column: int = 0) -> None:
    rows[:] = [row[:column] + row[column + 1 :] for row in rows]


def swapped_values(rows: list[list[str]], random: Random) -> None:
    rows[1:] = [[row[0], row[3], row[2], row[1], row[4]] for row in rows[1:]]


# Images.


def images_of(dump: Path, random: Random, count: int) -> list[Path]:
    return random.sample(sorted((dump / "images" / "image_train").iterdir()), count)


def image(change: Callable[[bytes, Random], bytes], count: int = 2) -> Change:
    """Some images' bytes."""

    def rewrite(dump: Path, random: Random) -> None:
        for path in images_of(dump, random, count):
            path.write_bytes(change(path.read_bytes(), random))

    return rewrite


def saved_as(format: str, mode: str = "RGB", **options: object) -> Change:
    def resave(data: bytes, random: Random) -> bytes:
        file = io.BytesIO()
        Image.open(io.BytesIO(data)).convert("RGB").convert(mode).save(file, format, **options)  # type: ignore[arg-type]
        return file.getvalue()

    return image(resave)


def animated(data: bytes, random: Random) -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (50, 50), colour) for colour in ("red", "green", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


def huge_png(data: bytes, random: Random) -> bytes:
    file = io.BytesIO()
    Image.new("1", (40_000, 40_000)).save(file, "PNG")
    return file.getvalue()


def renamed_images(change: Callable[[str], str], count: int | None = None) -> Change:
    def rename(dump: Path, random: Random) -> None:
        paths = sorted((dump / "images").rglob("*.jpg"))
        for path in paths if count is None else images_of(dump, random, count):
            path.rename(path.with_name(change(path.name)))

    return rename


def extra_image(name: str | bytes) -> Change:
    def add(dump: Path, random: Random) -> None:
        (dump / "images" / "image_train" / os.fsdecode(name)).write_bytes(b"x")

    return add


def moved_images(*names: str) -> Change:
    """The folder `images` under another path, or image_train and image_test under others of their own."""

    def move(dump: Path, random: Random) -> None:
        taken = (dump / "images").rename(dump / "taken")
        sources = (taken,) if len(names) == 1 else (taken / "image_train", taken / "image_test")
        for source, name in zip(sources, names, strict=True):
            (dump / name).parent.mkdir(parents=True, exist_ok=True)
            source.rename(dump / name)
        if taken.exists():
            taken.rmdir()

    return move


def flat_images(dump: Path, random: Random) -> None:
    for path in sorted((dump / "images").rglob("*.jpg")):
        path.rename(dump / "images" / path.name)


def lost_images(part: str, count: int | None) -> Change:
    def lose(dump: Path, random: Random) -> None:
        paths = sorted((dump / "images").rglob(f"image_{part}/*.jpg"))
        for path in paths if count is None else random.sample(paths, count):
            path.unlink()

    return lose


def in_place_of_images(make: Callable[[Path], object], name: str = "images") -> Change:
    def replace(dump: Path, random: Random) -> None:
        shutil.rmtree(dump / "images")
        make(dump / name)

    return replace


def in_place_of_an_image(make: Callable[[Path], object]) -> Change:
    def replace(dump: Path, random: Random) -> None:
        (path,) = images_of(dump, random, 1)
        path.unlink()
        make(path)

    return replace


def in_place_of(name: str, make: Callable[[Path], object]) -> Change:
    def replace(dump: Path, random: Random) -> None:
        (dump / name).unlink(missing_ok=True)
        make(dump / name)

    return replace


def deep(path: Path) -> None:
    (path / "/".join("d" * 30)).mkdir(parents=True)


def sparse(size: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(size)

    return make


def pipe(path: Path) -> None:
    os.mkfifo(path)


def listening_socket(path: Path) -> None:
    # A socket's path may have 107 characters only.
    here = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(f"/proc/self/fd/{here}/{path.name}")
    finally:
        os.close(here)


def link(target: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target)


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def linked(name: str) -> Change:
    """A file of the dump that is a link to another one in it."""

    def move(dump: Path, random: Random) -> None:
        (dump / name).rename(dump / "real")
        (dump / name).symlink_to("real")

    return move


# Zip files.


def zipped(
    entry: Callable[[str], str] = lambda name: name,
    *,
    name: str = "images.zip",
    method: int = zipfile.ZIP_STORED,
    also: Callable[[zipfile.ZipFile], None] = lambda archive: None,
    damage: Callable[[bytes, Random], bytes] = lambda data, random: data,
) -> Change:
    """The images in a zip file."""

    def pack(dump: Path, random: Random) -> None:
        with zipfile.ZipFile(dump / name, "w") as archive:
            for path in sorted((dump / "images").rglob("*.jpg")):
                archive.writestr(
                    entry_named(entry(path.relative_to(dump / "images").as_posix()), compress_type=method),
                    path.read_bytes(),
                )
            also(archive)
        shutil.rmtree(dump / "images")
        (dump / name).write_bytes(damage((dump / name).read_bytes(), random))

    return pack


def entry_named(name: str, **properties: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x")
    info.filename = name
    for key, value in properties.items():
        setattr(info, key, value)
    return info


def also(name: str, data: bytes = b"x", times: int = 1, **properties: int) -> Callable[[zipfile.ZipFile], None]:
    def add(archive: zipfile.ZipFile) -> None:
        for _ in range(times):
            archive.writestr(entry_named(name, **properties), data)

    return add


def bad_crc(data: bytes, random: Random) -> bytes:
    """One bit of one entry's data."""
    damaged = bytearray(data)
    starts = [place for place in range(len(data)) if data.startswith(b"\xff\xd8\xff", place)]
    damaged[random.choice(starts) + 200] ^= 1
    return bytes(damaged)


def encrypted(count: int | None) -> Callable[[bytes, Random], bytes]:
    """The flag of some entries or all, in the directory at the end and before the data."""

    def flag(data: bytes, random: Random) -> bytes:
        damaged = bytearray(data)
        place = -1
        done = 0
        while (place := damaged.find(b"PK\x01\x02", place + 1)) >= 0 and done != count:
            damaged[place + 8] |= 1
            offset = int.from_bytes(damaged[place + 42 : place + 46], "little")
            damaged[offset + 6] |= 1
            done += 1
        return bytes(damaged)

    return flag


LINK_MODE = (stat.S_IFLNK | 0o777) << 16
IN_TRAIN = "image_train/image_1_product_2.jpg"


def expect(change: Change, *outcomes: Outcome, says: str = "") -> Mutation:
    return Mutation(change, frozenset(outcomes), says)


TABLES: dict[str, Mutation] = {
    # Bytes.
    "table empty": expect(bytes_of(X_TRAIN, lambda data, random: b""), REFUSED, says="is empty"),
    "table blank": expect(bytes_of(X_TEST, lambda data, random: b"\n \n"), REFUSED),
    "table cut": expect(bytes_of(X_TRAIN, cut), *Outcome),
    "labels cut": expect(bytes_of(Y_TRAIN, cut), *Outcome),
    "table with flipped bits": expect(bytes_of(X_TRAIN, flip_bytes), *Outcome),
    "labels with flipped bits": expect(bytes_of(Y_TRAIN, flip_bytes), *Outcome),
    "table of random bytes": expect(bytes_of(X_TEST, lambda data, random: random.randbytes(5000)), REFUSED),
    "table of NUL bytes": expect(bytes_of(X_TEST, lambda data, random: bytes(5000)), REFUSED),
    "table gzipped": expect(bytes_of(X_TRAIN, lambda data, random: gzip.compress(data)), REFUSED, says="gunzip"),
    "table bzip2": expect(bytes_of(X_TRAIN, lambda data, random: bz2.compress(data)), REFUSED, says="bunzip2"),
    "table xz": expect(bytes_of(X_TRAIN, lambda data, random: lzma.compress(data)), REFUSED, says="unxz"),
    "table of Excel": expect(bytes_of(X_TRAIN, lambda data, random: b"PK\x03\x04" + data), REFUSED, says="Excel"),
    "table is a page": expect(bytes_of(X_TRAIN, lambda data, random: b"<html>404</html>"), REFUSED, says="HTML"),
    "table is JSON": expect(bytes_of(X_TRAIN, lambda data, random: b'[{"designation": "x"}]'), REFUSED, says="lacks"),
    # Encodings.
    "UTF-8 with mark": expect(encoded(X_TRAIN, "utf-8-sig"), ACCEPTED),
    "UTF-16": expect(encoded(X_TRAIN, "utf-16"), REFUSED, says="UTF-16"),
    "UTF-16 without mark": expect(encoded(X_TRAIN, "utf-16-le"), REFUSED, says="UTF-16"),
    "UTF-32": expect(encoded(X_TEST, "utf-32"), REFUSED, says="UTF-32"),
    "Windows-1252": expect(encoded(X_TRAIN, "cp1252"), REFUSED, says="save it as UTF-8"),
    "surrogates in UTF-8": expect(
        bytes_of(X_TRAIN, lambda data, random: data + b"900,\xed\xa0\x80,,900,900\n"), REFUSED, says="not UTF-8"
    ),
    # Separators and line ends.
    "semicolons": expect(dialect(delimiter=";"), ACCEPTED),
    "tabs": expect(dialect(delimiter="\t"), ACCEPTED),
    "bars": expect(dialect(delimiter="|"), ACCEPTED),
    "line ends of Windows": expect(dialect(lineterminator="\r\n"), ACCEPTED),
    "line ends of old Macs": expect(dialect(lineterminator="\r"), ACCEPTED),
    "quote not closed": expect(bytes_of(X_TRAIN, lambda data, random: data + b'900,"x,,1,1\n'), REFUSED, says="CSV"),
    "text behind a quote": expect(bytes_of(X_TEST, lambda data, random: data + b'900,"x" y,,1,1\n'), REFUSED),
    # Columns.
    "index of pandas": expect(header_of(X_TRAIN, lambda header: header.__setitem__(0, "Unnamed: 0")), ACCEPTED),
    "index absent": expect(rows_of(X_TRAIN, without_column), REFUSED, says="index"),
    "label index absent": expect(rows_of(Y_TRAIN, without_column), REFUSED, says="index"),
    "renamed column": expect(header_of(X_TEST, lambda header: header.__setitem__(1, "titre")), REFUSED, says="titre"),
    "hostile column": expect(header_of(X_TRAIN, lambda header: header.__setitem__(1, "a\nb\x1b[2J\u202e")), REFUSED),
    "column twice": expect(header_of(X_TRAIN, lambda header: header.__setitem__(2, "designation")), REFUSED),
    "columns in capitals": expect(
        header_of(X_TRAIN, lambda header: header.__setitem__(slice(1, 3), [" Designation", "DESCRIPTION "])), ACCEPTED
    ),
    "columns reversed": expect(rows_of(X_TRAIN, reversed_columns), ACCEPTED),
    "column more": expect(rows_of(X_TRAIN, lambda rows, random: [row.append("x\x1b") for row in rows]), ACCEPTED),
    "header alone": expect(rows_of(X_TEST, lambda rows, random: rows.__delitem__(slice(1, None))), REFUSED),
    "no header": expect(rows_of(X_TRAIN, lambda rows, random: rows.pop(0)), REFUSED, says="expected a header"),
    "values under other columns": expect(rows_of(X_TRAIN, swapped_values), FAILED),
    # Records.
    "rows shuffled": expect(rows_of(X_TRAIN, shuffled), ACCEPTED),
    "field too many": expect(rows_of(X_TRAIN, lambda rows, random: random.choice(rows[1:]).append("x")), QUARANTINED),
    "field too few": expect(rows_of(X_TRAIN, lambda rows, random: random.choice(rows[1:]).pop()), QUARANTINED),
    "record twice": expect(rows_of(X_TRAIN, lambda rows, random: rows.append(random.choice(rows[1:]))), QUARANTINED),
    "NUL in a field": expect(cell(X_TRAIN, 1, "a\0b"), QUARANTINED),
    "field of 200,000 characters": expect(cell(X_TRAIN, 2, "x" * 200_000), ACCEPTED, QUARANTINED),
    "controls in a field": expect(cell(X_TRAIN, 1, "a\x1b[2J\u202eb\x85"), ACCEPTED, QUARANTINED),
    "lone title of blanks": expect(cell(X_TRAIN, 1, "\u3000 \t"), QUARANTINED, says="designation_blank"),
    "markup in a field": expect(cell(X_TRAIN, 1, "<script>alert(1)</script>" * 100), ACCEPTED, QUARANTINED),
    "decimal comma in an id": expect(cell(X_TRAIN, 3, "1005,0"), QUARANTINED, says="productid_invalid"),
    "exponent in an id": expect(cell(X_TRAIN, 3, "1e9"), QUARANTINED),
    "id of other digits": expect(cell(X_TRAIN, 3, "١٢٣"), QUARANTINED),
    "id beyond 64 bits": expect(cell(X_TRAIN, 4, "9" * 30), QUARANTINED),
    "id that forges a line": expect(cell(X_TRAIN, 3, "1\nrakuten: fine\x1b[2J"), QUARANTINED),
    "label unknown": expect(cell(Y_TRAIN, 1, "9999"), QUARANTINED, says="9999"),
    "labels unknown": expect(cell(Y_TRAIN, 1, "9999\x1b", 40), FAILED, says="9999\\x1b"),
    "labels all unknown": expect(cell(Y_TRAIN, 1, "9999", NUM_TRAIN), FAILED),
    "label of text": expect(cell(Y_TRAIN, 1, "livres"), QUARANTINED),
    "labels of decimals": expect(
        rows_of(Y_TRAIN, lambda rows, random: [row.__setitem__(1, f"{row[1]}.0") for row in rows[1:]]), FAILED
    ),
    "half of the test rows broken": expect(cell(X_TEST, 3, "x", NUM_TEST // 2), FAILED, says="test: 20 of 40"),
    "test rows of no other part broken": expect(cell(X_TEST, 3, "x", NUM_TEST), FAILED, says="test: 40 of 40"),
    # Files.
    "no tables": expect(
        together(*(in_place_of(name, lambda path: None) for name in (X_TRAIN, Y_TRAIN, X_TEST))), REFUSED
    ),
    "labels without products": expect(in_place_of(X_TRAIN, lambda path: None), REFUSED),
    "no labels": expect(in_place_of(Y_TRAIN, lambda path: None), ACCEPTED),
    "table is a folder": expect(in_place_of(X_TRAIN, Path.mkdir), REFUSED, says="is a folder"),
    "table is a pipe": expect(in_place_of(X_TEST, pipe), REFUSED, says="is a named pipe"),
    "table is a socket": expect(in_place_of(X_TEST, listening_socket), REFUSED, says="is a socket"),
    "table is a device": expect(in_place_of(X_TEST, link("/dev/zero")), REFUSED),
    "table is linked away": expect(in_place_of(X_TEST, link("/etc/passwd")), REFUSED, says="outside"),
    "table is linked to nothing": expect(in_place_of(Y_TRAIN, link("gone")), REFUSED, says="does not exist"),
    "table is linked to itself": expect(in_place_of(X_TRAIN, link_to_itself), REFUSED, says="leads to itself"),
    "table is linked within": expect(linked(X_TRAIN), ACCEPTED),
    "table of 2 GiB": expect(in_place_of(X_TEST, sparse(2 * 1024**3)), REFUSED, says="expected at most"),
    "table that nobody may read": expect(
        lambda dump, random: (dump / X_TRAIN).chmod(0), REFUSED if os.geteuid() else ACCEPTED
    ),
    "marker is a pipe": expect(in_place_of("_SUCCESS", pipe), ACCEPTED),
}

IMAGES: dict[str, Mutation] = {
    # Bytes.
    "images cut": expect(image(cut), ACCEPTED),
    "images with flipped bits": expect(image(flip_bytes), ACCEPTED),
    "images empty": expect(image(lambda data, random: b""), ACCEPTED),
    "images are pages": expect(image(lambda data, random: b"<svg xmlns='x'/>"), ACCEPTED),
    "all images are pages": expect(image(lambda data, random: b"<html>", NUM_TRAIN), FAILED, says="too_few_images"),
    "images of random bytes": expect(image(lambda data, random: b"\xff\xd8\xff" + random.randbytes(3000)), ACCEPTED),
    "images in PNG": expect(saved_as("PNG"), ACCEPTED),
    "images in WebP": expect(saved_as("WEBP"), ACCEPTED),
    "images in GIF": expect(saved_as("GIF", "P"), ACCEPTED),
    "images in CMYK": expect(saved_as("JPEG", "CMYK"), ACCEPTED),
    "images in 16 bits": expect(saved_as("PNG", "I;16"), ACCEPTED),
    "images in TIFF": expect(saved_as("TIFF"), ACCEPTED),
    "images animated": expect(image(animated), ACCEPTED),
    "image of 1.6 gigapixels": expect(image(huge_png, 1), ACCEPTED),
    "image of 100 GB": expect(in_place_of_an_image(sparse(100 * 1024**3)), ACCEPTED),
    # Names and folders.
    "image names of phones": expect(renamed_images(lambda name: name.replace(".jpg", ".JPG")), ACCEPTED),
    "image names in .jpeg": expect(renamed_images(lambda name: name.replace(".jpg", ".jpeg")), ACCEPTED),
    "image name that forges a line": expect(extra_image("image_1\nrakuten: fine\x1b[2J.jpg"), ACCEPTED),
    "image name of no text": expect(extra_image(b"image_\xff\xfe.jpg"), ACCEPTED),
    "image of no product": expect(extra_image("image_1_product_1.jpg"), ACCEPTED),
    "images of other names": expect(renamed_images(lambda name: name[6:]), REFUSED),
    "a few images lost": expect(lost_images("train", 5), ACCEPTED),
    "many images lost": expect(lost_images("train", 60), FAILED, says="too_few_images"),
    "images of train lost": expect(lost_images("train", None), FAILED, says="train: none of its 120 products"),
    "images of test lost": expect(lost_images("test", None), FAILED, says="test: none of its 40 products"),
    "images all lost": expect(
        together(lost_images("train", None), lost_images("test", None)), REFUSED, says="no image"
    ),
    "no images": expect(lambda dump, random: shutil.rmtree(dump / "images"), ACCEPTED),
    "images one folder deeper": expect(moved_images("images/images"), ACCEPTED),
    "images of another case": expect(moved_images("images/Image_Train", "images/IMAGE_TEST"), ACCEPTED),
    "image folders at the top": expect(moved_images("image_train", "image_test"), ACCEPTED),
    "image folders of other names": expect(moved_images("images/train", "images/test"), REFUSED, says="images/train"),
    "images elsewhere": expect(moved_images("photos"), REFUSED, says="photos/image_train"),
    "images flat": expect(flat_images, REFUSED, says="160 in images"),
    "images is a file": expect(in_place_of_images(Path.touch), REFUSED, says="is a file"),
    "images is a pipe": expect(in_place_of_images(pipe), REFUSED, says="is a named pipe"),
    "images is a loop": expect(in_place_of_images(link_to_itself), REFUSED, says="leads to itself"),
    "images is linked away": expect(in_place_of_images(link("/etc")), REFUSED, says="outside"),
    "images is the dump": expect(in_place_of_images(link(".")), REFUSED),
    "images without end": expect(in_place_of_images(deep), REFUSED, says="folders deep"),
    "image is a pipe": expect(in_place_of_an_image(pipe), REFUSED, says="is a named pipe"),
    "image is a socket": expect(in_place_of_an_image(listening_socket), REFUSED, says="is a socket"),
    "image is a folder": expect(in_place_of_an_image(Path.mkdir), ACCEPTED),
    "image is linked away": expect(in_place_of_an_image(link("/etc/passwd")), REFUSED, says="outside"),
    "image is linked to nothing": expect(in_place_of_an_image(link("gone")), REFUSED, says="does not exist"),
    "image is a loop": expect(in_place_of_an_image(link_to_itself), REFUSED, says="leads to itself"),
    "image folder links to itself": expect(
        lambda dump, random: (dump / "images" / "image_train" / "again").symlink_to(".."), ACCEPTED
    ),
    # Zip files.
    "zip": expect(zipped(), ACCEPTED),
    "zip in capitals": expect(zipped(name="Images.ZIP"), ACCEPTED),
    "zip with a folder at its top": expect(zipped(lambda name: f"delivery/images/{name}"), ACCEPTED),
    "zip of Windows": expect(zipped(lambda name: f"images\\{name}".replace("/", "\\")), ACCEPTED),
    "zip of a Mac": expect(zipped(also=also("__MACOSX/image_train/._image_1_product_2.jpg")), ACCEPTED),
    "zip flat": expect(zipped(lambda name: name.rpartition("/")[2]), REFUSED, says="160 in images.zip"),
    "zip of another name": expect(zipped(name="photos.zip"), REFUSED, says="photos.zip/image_train"),
    "zip deflated": expect(zipped(method=zipfile.ZIP_DEFLATED), ACCEPTED),
    "zip in LZMA": expect(zipped(method=zipfile.ZIP_LZMA), FAILED, says="too_few_images"),
    "zip with a bad CRC": expect(zipped(damage=bad_crc), ACCEPTED),
    "zip with flipped bits": expect(zipped(damage=flip_bytes), *Outcome),
    "zip cut": expect(zipped(damage=cut), REFUSED, says="cannot be read as a zip file"),
    "zip empty": expect(zipped(damage=lambda data, random: b""), REFUSED, says="cannot be read as a zip file"),
    "zip without entries": expect(
        in_place_of_images(lambda path: zipfile.ZipFile(path, "w").close(), "images.zip"), REFUSED
    ),
    "zip encrypted in part": expect(zipped(damage=encrypted(3)), ACCEPTED),
    "zip encrypted": expect(zipped(damage=encrypted(None)), FAILED, says="too_few_images"),
    "zip that leaves its folder": expect(zipped(also=also("image_train/../../x.jpg")), REFUSED, says="'..'"),
    "zip with an absolute name": expect(zipped(also=also("/etc/cron.d/job")), REFUSED, says="absolute"),
    "zip with a link": expect(zipped(also=also(IN_TRAIN, b"/etc/passwd", external_attr=LINK_MODE)), REFUSED),
    "zip with an entry twice": expect(zipped(also=also(IN_TRAIN, times=2)), REFUSED, says="more than once"),
    "zip bomb": expect(
        zipped(also=also(IN_TRAIN, bytes(50_000_000), compress_type=zipfile.ZIP_DEFLATED)), REFUSED, says="-fold"
    ),
    "zip with a name that forges a line": expect(zipped(also=also("image_train/a\nb\x1b[2J.jpg")), ACCEPTED),
    "zip is a pipe": expect(in_place_of_images(pipe, "images.zip"), REFUSED, says="is a named pipe"),
    "zip is a device": expect(in_place_of_images(link("/dev/zero"), "images.zip"), REFUSED),
    "zip is a folder": expect(in_place_of_images(Path.mkdir, "images.zip"), REFUSED, says="is a folder"),
    "zip is linked within": expect(together(zipped(), linked("images.zip")), ACCEPTED),
    "zip beside its folder": expect(lambda dump, random: (dump / "images.zip").touch(), REFUSED, says="has both"),
}

MUTATIONS: dict[str, Mutation] = TABLES | IMAGES
