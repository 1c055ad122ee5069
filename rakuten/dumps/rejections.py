"""Records that cannot enter the catalogue: where they stand in which file, and why."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

import pyarrow as pa


class Reason(StrEnum):
    """Why a record was rejected while a table was read; short and constant, to be counted and searched for."""

    RAGGED_ROW = "ragged_row"
    NUL_BYTE = "nul_byte"
    INDEX_INVALID = "index_invalid"
    INDEX_REPEATED = "index_repeated"
    PRODUCTID_INVALID = "productid_invalid"
    PRODUCTID_REPEATED = "productid_repeated"
    IMAGEID_INVALID = "imageid_invalid"
    LABEL_MISSING = "label_missing"
    LABEL_INVALID = "label_invalid"
    LABEL_UNKNOWN = "label_unknown"
    LABEL_REPEATED = "label_repeated"
    LABEL_WITHOUT_PRODUCT = "label_without_product"


class Rejection(NamedTuple):
    """One record left out.

    Attributes:
        part: "train" or "test".
        file: Name of the table.
        row: The record's position in it; 1 is the first record after the header.
        productid: None where the record has none that can be read.
        reason: A `Reason`.
        detail: What was expected and what was received.
    """

    part: str
    file: str
    row: int
    productid: int | None
    reason: str
    detail: str


REJECTIONS_SCHEMA = pa.schema(
    [
        ("part", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("productid", pa.int64()),
        ("reason", pa.string()),
        ("detail", pa.string()),
    ]
)


def rejections_table(rejections: Iterable[Rejection]) -> pa.Table:
    """Rejections as a table, sorted by part, file and row."""
    ordered = sorted(rejections, key=lambda rejection: (rejection.part, rejection.file, rejection.row))
    return pa.Table.from_pylist([rejection._asdict() for rejection in ordered], schema=REJECTIONS_SCHEMA)
