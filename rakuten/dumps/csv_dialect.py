"""How a table was written: its encoding, its separator, and how its header spells the columns."""

import codecs
import csv
import io
from collections.abc import Sequence

from rakuten.dumps.layout import INDEX
from rakuten.errors import DumpError
from rakuten.printable import shortened

# UTF-32 first: its little-endian mark begins with that of UTF-16.
FOREIGN_MARKS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
# First bytes of what is delivered under a table's name now and then, and what to do about it.
FOREIGN_FORMATS = {
    b"\x1f\x8b": "a gzip file; unpack it with gunzip",
    b"PK\x03\x04": "a zip or Excel file; unpack it, or save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel file; save the sheet as CSV (UTF-8)",
    b"PAR1": "a Parquet file; write it as CSV (UTF-8)",
    b"%PDF": "a PDF file; deliver the table as CSV (UTF-8)",
    b"BZh": "a bzip2 file; unpack it with bunzip2",
    b"\xfd7zXZ\x00": "an xz file; unpack it with unxz",
    b"\x28\xb5\x2f\xfd": "a zstd file; unpack it with unzstd",
    b"SQLite format 3\x00": "an SQLite database; write its table as CSV (UTF-8)",
    b"version https://git-lfs": "a Git LFS pointer; fetch the file itself with git lfs pull",
    b"<": "an HTML or XML page, perhaps that of a failed download; download the table again",
}
SEPARATORS = ",;\t|"

# How programs name the column that pandas leaves without a name.
INDEX_NAMES = ("", "unnamed: 0", "index", "row_names", "rownames")
# Of a header that lacks columns.
SHOWN_COLUMNS = 12


def decode_table(data: bytes, name: str) -> str:
    """The text of a table.

    Args:
        data: The file's bytes, UTF-8 with or without byte order mark.
        name: The file's name, for errors.

    Raises:
        DumpError: If the bytes are of another encoding or format; the message says of which and what to do.
    """
    for start, kind in FOREIGN_FORMATS.items():
        if data.lstrip().startswith(start) if start == b"<" else data.startswith(start):
            raise DumpError(f"{name} is {kind}")
    for mark, encoding in FOREIGN_MARKS.items():
        if data.startswith(mark):
            raise DumpError(
                f"{name} is encoded as {encoding}, as its first bytes [{mark.hex(' ')}] say; expected UTF-8"
            )
    if b"\0" in data[:4]:
        raise DumpError(f"{name} begins with NUL bytes, as UTF-16 without byte order mark does; expected UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DumpError(_foreign_byte(data, name, error.start)) from None


def _foreign_byte(data: bytes, name: str, start: int) -> str:
    # The decoder counts from behind the byte order mark.
    offset = start + (len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0)
    # The letter stands for the offending byte, so that the record it begins is counted.
    before = io.StringIO(data[:offset].decode("utf-8-sig") + "x", newline="")
    row = sum(1 for values in csv.reader(before) if values) - 1
    where = f"record {row}" if row else "the header"
    return (
        f"{name} is not UTF-8: byte 0x{data[offset]:02x} at offset {offset:,}, in {where}; "
        "save it as UTF-8 (a byte like this is usual for Latin-1 or Windows-1252)"
    )


def separator_of(text: str, columns: Sequence[str]) -> str:
    """The separator under which the header names most of the columns wanted; a comma where that says nothing."""
    start = text.lstrip("\r\n")[:100_000]

    def num_found(separator: str) -> int:
        # Not strict: the record may go on behind what is looked at.
        header = next(csv.reader(io.StringIO(start, newline=""), delimiter=separator), [])
        return len({canonical_column(column) for column in header}.intersection(columns))

    return max(SEPARATORS, key=num_found)


def canonical_column(column: str) -> str:
    """A column's name as this project writes it; capitals, blanks around it and names of the index do not matter."""
    # Not tabs: they separate.
    name = column.strip(" \u00a0").casefold()
    return INDEX if name in INDEX_NAMES else name


def column_positions(header: Sequence[str], name: str, columns: Sequence[str]) -> list[int]:
    """Where the wanted columns are in a header.

    Args:
        header: As it is written.
        name: The file's name, for errors.
        columns: The columns wanted.

    Raises:
        DumpError: If a column is absent or named more than once.
    """
    names = [canonical_column(column) for column in header]
    absent = [column for column in columns if column not in names]
    if absent:
        remedy = f"; expected a header with {listed(columns)}"
        if absent == [INDEX]:
            remedy = "; the index, whose numbers join labels to products, is its first column, as pandas' to_csv writes"
        raise DumpError(f"{name} lacks the columns {listed(absent)}; it has {listed(header)}{remedy}")
    positions = [_positions(header, names, column) for column in columns]
    repeated = [column for column, found in zip(columns, positions, strict=True) if len(found) > 1]
    if repeated:
        raise DumpError(f"{name} has the columns {listed(repeated)} more than once; it has {listed(header)}")
    return [found[0] for found in positions]


def _positions(header: Sequence[str], names: Sequence[str], column: str) -> list[int]:
    """Where a column is: as it is spelt here, else in any spelling."""
    exact = [position for position, written in enumerate(header) if written == column]
    return exact or [position for position, name in enumerate(names) if name == column]


def listed(columns: Sequence[str]) -> str:
    """Names of columns for a message."""
    names = [shortened(column, 40) or "(unnamed)" for column in columns]
    more = f" and {len(names) - SHOWN_COLUMNS:,} more" if len(names) > SHOWN_COLUMNS else ""
    return (", ".join(names[:SHOWN_COLUMNS]) or "(none)") + more
