"""The quarantine as a CSV file for spreadsheets.

UTF-8 with a byte order mark, without which Excel takes accents for something else; commas, lines that end in CRLF
(RFC 4180). A spreadsheet takes a text that begins like a formula for one, and a title can be `=HYPERLINK(…)`: such
texts get an apostrophe in front.
"""

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa

from rakuten.printable import printable

# Full-width forms count, too; what a spreadsheet passes over in front of a formula is stripped before the check.
FORMULA_STARTS = tuple("=+-@＝＋－＠")
PASSED_OVER = " \t\r\n\u00a0\u3000\"'"


def write_quarantine_csv(quarantine: pa.Table, path: Path) -> None:
    """Write a table of `QUARANTINE_SCHEMA`; columns and order as there, null as an empty cell.

    Args:
        quarantine: From `quarantine_table`.
        path: File to write.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(quarantine.column_names)
        writer.writerows([_cell(value) for value in row.values()] for row in quarantine.to_pylist())


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return defused(value) if isinstance(value, str) else value


def defused(text: str) -> str:
    """A text that no spreadsheet takes for a formula; control characters are written as escapes."""
    shown = printable(text, keep="\u00a0\u202f")
    return f"'{shown}" if text.lstrip(PASSED_OVER).startswith(FORMULA_STARTS) else shown
