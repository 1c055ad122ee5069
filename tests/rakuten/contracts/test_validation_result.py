"""Verdicts on parts of a dump, from rows alone."""

from typing import Any

import pandas as pd
import pytest

from data_contracts import load_contract
from rakuten.contracts.contract import Contract
from rakuten.contracts.validation_result import QuarantinedRow, describe, judge
from rakuten.dumps.layout import PRODUCT_TABLES, X_TRAIN, Part

LIMITS = Contract.model_validate(load_contract("raw_products"))


def products(**counts: int) -> pd.DataFrame:
    rows = [
        {"part": part, "file": PRODUCT_TABLES[part], "row": row}  # type: ignore[index]
        for part, count in counts.items()
        for row in range(1, count + 1)
    ]
    return pd.DataFrame(rows, columns=["part", "file", "row"])


def lost(part: Part, count: int, reason: str = "label_unknown", severity: Any = "critical") -> list[QuarantinedRow]:
    table = PRODUCT_TABLES[part]
    return [QuarantinedRow(part, table, row, row, reason, f"no. {row}", severity) for row in range(1, count + 1)]


@pytest.mark.parametrize(
    ("read", "quarantine", "ok"),
    [
        ({"train": 3, "test": 1000}, lost("train", 3), False),
        ({"train": 3, "test": 1000}, lost("train", 1), False),
        ({"train": 1000, "test": 10}, lost("test", 5), False),
        ({"train": 1000, "test": 10}, lost("test", 2), True),
        ({"train": 1000, "test": 1000}, lost("train", 20) + lost("test", 20), True),
        ({"train": 1000, "test": 1000}, lost("train", 21), False),
        ({"test": 10}, lost("train", 3), False),
        ({"train": 1000}, lost("train", 900, severity="warning"), True),
    ],
)
def test_each_part_is_judged_by_itself(read: dict[str, int], quarantine: list[QuarantinedRow], ok: bool) -> None:
    verdict = judge(products(**read), quarantine, [], LIMITS)
    assert verdict.ok == ok
    assert len(verdict.failures) == (not ok)


def test_a_part_without_any_image_fails_where_others_have_some() -> None:
    missing = lost("test", 10, "image_missing", "warning")
    assert judge(products(train=100, test=10), missing[:9], [], LIMITS).ok
    (failure,) = judge(products(train=100, test=10), missing, [], LIMITS).failures
    assert failure.startswith("test: none of its 10 products has an image")


def test_a_line_shows_three_examples_of_what_was_received_shortened_and_escaped() -> None:
    rows = [
        QuarantinedRow(
            "train", X_TRAIN, row, row, "label_unknown", f"prdtypecode is '{row}\x1b'" + "x" * 100, "critical"
        )
        for row in range(1, 6)
    ]
    line = describe(rows)
    assert line.startswith("5 label_unknown (X_train_update.csv, records 1, 2, 3, 4, 5: prdtypecode is '1\\x1b'xxx")
    assert line.count("prdtypecode") == 3
    assert line.isprintable()
    assert len(line) < 300
