"""The quarantine as spreadsheets open it: accents whole, no formula run, every row with its reason."""

import csv
from pathlib import Path

import hostile
import pandas as pd
import pytest

from rakuten.contracts.quarantine_csv import FORMULA_STARTS, PASSED_OVER, defused, write_quarantine_csv
from rakuten.contracts.validation_result import QUARANTINE_SCHEMA, QuarantinedRow, quarantine_table


def written(folder: Path, *details: str) -> Path:
    rows = [
        QuarantinedRow(
            "train", "X_train_update.csv", place, 7 if place else None, "designation_blank", detail, severity
        )
        for place, (detail, severity) in enumerate(zip(details, ["critical", "warning"] * len(details), strict=False))
    ]
    write_quarantine_csv(quarantine_table(rows), folder / "quarantine.csv")
    return folder / "quarantine.csv"


def test_it_says_which_records_count_as_quarantined(tmp_path: Path) -> None:
    table = pd.read_csv(written(tmp_path, "été", 'l\'œuvre, de "nuit"'))
    assert list(table.columns) == QUARANTINE_SCHEMA.names
    assert table["detail"].tolist() == ["été", 'l\'œuvre, de "nuit"']
    assert table["quarantined"].tolist() == [True, False]
    assert table["reason"].tolist() == ["designation_blank"] * 2
    assert table["productid"].isna().tolist() == [True, False]


def test_a_spreadsheet_sees_utf_8_and_lines_that_end_as_it_expects(tmp_path: Path) -> None:
    data = written(tmp_path, "été").read_bytes()
    assert data.startswith(b"\xef\xbb\xbfpart,")
    assert data.count(b"\r\n") == data.count(b"\n") == 2


@pytest.mark.parametrize(
    "text",
    ["=cmd()", "+1", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1', "'=1", "＝1", "\u00a0=1"],
)
def test_what_a_spreadsheet_would_take_for_a_formula_has_an_apostrophe_in_front(text: str, tmp_path: Path) -> None:
    with written(tmp_path, text).open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["detail"].startswith("'")
    assert not row["detail"].lstrip("'").startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize("title", hostile.TITLES.values(), ids=hostile.TITLES)
def test_no_cell_begins_like_a_formula_or_holds_a_control_character(title: str) -> None:
    cell = defused(title)
    assert cell.startswith("'") or not cell.lstrip(PASSED_OVER).startswith(FORMULA_STARTS)
    assert cell.replace("\u00a0", "").isprintable()


@pytest.mark.parametrize("text", ["Chaise", "3-en-1", "a=b", "œuvre", ""])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert defused(text) == text
