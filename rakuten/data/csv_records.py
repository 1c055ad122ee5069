"""CSV bytes → records: UTF-8 only, quotes closed, every record counted, odd ones set aside with their position.

Not pandas: it guesses types, turns the text "NA" into a missing value, and skips or pads odd rows without saying which.
"""

import codecs
import csv
import io
import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rakuten.data.rejections import Reason
from rakuten.errors import DumpError

if TYPE_CHECKING:
    from _csv import Reader as CSVReader

logger = logging.getLogger(__name__)

# UTF-32 first: its little-endian mark begins with that of UTF-16.
FOREIGN_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


class Record(NamedTuple):
    """One record of a table.

    Attributes:
        row: Its position; 1 is the first record after the header. Blank lines are no records.
        values: The wanted columns, in the order asked for; empty where the record is odd.
        oddity: RAGGED_ROW or NUL_BYTE, None for a sound record.
        detail: What is odd about it, "" for a sound record.
    """

    row: int
    values: tuple[str, ...]
    oddity: Reason | None = None
    detail: str = ""


def read_records(data: bytes, name: str, columns: Sequence[str]) -> list[Record]:
    """All records of a table.

    Args:
        data: The file's bytes, UTF-8 with or without byte order mark.
        name: The file's name, for errors.
        columns: Names of the columns wanted; the file may hold them in any order and others beside them.

    Raises:
        DumpError: If the file is empty, has another encoding, lacks a column, has a quote that is not closed, or
            holds no record.
    """
    reader = csv.reader(io.StringIO(_text(data, name), newline=""), strict=True)
    rows = _rows(reader, name)
    header = next(rows, None)
    if header is None:
        raise DumpError(f"{name} is empty; expected a header with the columns {_listed(columns)}")
    places = _places(header, name, columns)
    records = [_record(position, row, len(header), places) for position, row in enumerate(rows, start=1)]
    if not records:
        raise DumpError(f"{name} has a header but no records")
    return records


def _text(data: bytes, name: str) -> str:
    for mark, encoding in FOREIGN_MARKS.items():
        if data.startswith(mark):
            raise DumpError(
                f"{name} is encoded as {encoding}, as its first bytes [{mark.hex(' ')}] say; expected UTF-8"
            )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The decoder counts from behind the byte order mark.
        offset = error.start + (len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0)
        # The letter stands for the offending byte, so that the record it begins is counted.
        before = io.StringIO(data[:offset].decode("utf-8-sig") + "x", newline="")
        row = sum(1 for values in csv.reader(before) if values) - 1
        where = f"record {row}" if row else "the header"
        raise DumpError(
            f"{name} is not UTF-8: byte 0x{data[offset]:02x} at offset {offset:,}, in {where}; "
            "save it as UTF-8 (a byte like this is usual for Latin-1 or Windows-1252)"
        ) from None


def _rows(reader: "CSVReader", name: str) -> Iterator[list[str]]:
    position = 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            where = f"record {position}" if position else "the header"
            raise DumpError(f"{name} is no well-formed CSV in {where}, line {reader.line_num}: {error}") from error
        if row is None:
            return
        if row:
            position += 1
            yield row


def _places(header: list[str], name: str, columns: Sequence[str]) -> list[int]:
    absent = [column for column in columns if column not in header]
    if absent:
        raise DumpError(f"{name} lacks the columns {_listed(absent)}; it has {_listed(header)}")
    repeated = [column for column in columns if header.count(column) > 1]
    if repeated:
        raise DumpError(f"{name} has the columns {_listed(repeated)} more than once; it has {_listed(header)}")
    if extra := [column for column in header if column not in columns]:
        logger.warning("%s: columns not expected are ignored: %s", name, _listed(extra))
    return [header.index(column) for column in columns]


def _record(position: int, row: list[str], width: int, places: list[int]) -> Record:
    if len(row) != width:
        return Record(position, (), Reason.RAGGED_ROW, f"{len(row)} fields, expected {width}")
    values = tuple(row[place] for place in places)
    if any("\0" in value for value in values):
        return Record(position, (), Reason.NUL_BYTE, "a NUL byte in its text")
    return Record(position, values)


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(column or "(unnamed)" for column in columns) or "(none)"
