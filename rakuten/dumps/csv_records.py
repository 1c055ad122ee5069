"""CSV bytes → records: UTF-8 only, quotes closed, every record counted, odd ones set aside with their position.

Not pandas: it guesses types, turns the text "NA" into a missing value, and skips or pads odd rows without saying which.
"""

import csv
import io
import logging
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rakuten.dumps.csv_dialect import canonical_column, column_positions, decode_table, listed, separator_of
from rakuten.dumps.layout import MAX_TABLE_BYTES
from rakuten.dumps.rejections import Reason
from rakuten.errors import DumpError

if TYPE_CHECKING:
    from _csv import Reader as CSVReader

logger = logging.getLogger(__name__)


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
        DumpError: If the file is empty, has another encoding or format, lacks a column, has a quote that is not closed,
            or holds no record.
    """
    # Long fields are the contracts' to judge. The limit is that of the process, and nothing here wants a lower one.
    csv.field_size_limit(MAX_TABLE_BYTES)
    text = decode_table(data, name)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator_of(text, columns))
    rows = _rows(reader, name)
    header = next(rows, None)
    if header is None:
        raise DumpError(f"{name} is empty; expected a header with the columns {listed(columns)}")
    positions = column_positions(header, name, columns)
    if extra := [column for column in header if canonical_column(column) not in columns]:
        logger.warning("%s: columns not expected are ignored: %s", name, listed(extra))
    records = [_record(number, row, len(header), positions) for number, row in enumerate(rows, start=1)]
    if not records:
        raise DumpError(f"{name} has a header but no records")
    return records


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


def _record(number: int, row: list[str], width: int, positions: list[int]) -> Record:
    if len(row) != width:
        return Record(number, (), Reason.RAGGED_ROW, f"{len(row)} fields, expected {width}")
    values = tuple(row[position] for position in positions)
    if any("\0" in value for value in values):
        return Record(number, (), Reason.NUL_BYTE, "a NUL byte in its text")
    return Record(number, values)
