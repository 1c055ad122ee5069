"""Tables as plain rows, which templates and loops read."""

from typing import Any

import pandas as pd


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """One dict a row, by column name."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def table_content(frame: pd.DataFrame) -> dict[str, Any]:
    """A table as a template shows it: columns (names), rows (dicts by column name; what is absent is None)."""
    plain = frame.astype(object).where(frame.notna(), None)
    return {"columns": [str(name) for name in frame.columns], "rows": records(plain)}
