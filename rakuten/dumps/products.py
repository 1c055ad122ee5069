"""Reading a dump's tables: products joined with their labels, each record accepted or rejected with its position."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.catalogue.classes import TARGETS
from rakuten.dumps.csv_records import Record, read_records
from rakuten.dumps.layout import (
    LABEL_COLUMNS,
    PRODUCT_COLUMNS,
    PRODUCT_TABLES,
    Y_TRAIN,
    Part,
    image_name,
)
from rakuten.dumps.rejections import Reason, Rejection, rejections_table
from rakuten.dumps.snapshot_files import SnapshotFiles
from rakuten.outputs import StageOutput
from rakuten.stages import stage

REJECTED_FILE = "rejected.parquet"

PRODUCTS_SCHEMA = pa.schema(
    [
        ("index", pa.int64()),
        ("designation", pa.string()),
        ("description", pa.string()),
        ("productid", pa.int64()),
        ("imageid", pa.int64()),
        ("image_name", pa.string()),
        ("prdtypecode", pa.int64()),
        ("row", pa.int64()),
    ]
)

# What int64 holds for certain.
_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Product:
    """One accepted record; the fields are those of `PRODUCTS_SCHEMA`."""

    index: int
    designation: str
    description: str | None
    productid: int
    imageid: int
    image_name: str
    prdtypecode: int | None
    row: int


class Label(NamedTuple):
    """What a record of the label table says: its position there, and `prdtypecode` as it is written."""

    row: int
    code: str


class _Refused(Exception):
    """A record cannot be accepted; never leaves this module."""

    def __init__(self, reason: Reason, detail: str, productid: int | None = None) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.productid = reason, detail, productid


@stage(version=1, ignore=("dump",))
def read_products(out: Path, snapshot: StageOutput, dump: Path) -> Mapping[str, int]:
    """Read the products and labels of a dump, in any order of rows.

    Args:
        out: Output folder.
        snapshot: Output of `record_snapshot`.
        dump: Where the dump is on this machine.

    Returns:
        Numbers of products accepted by part, and of records rejected.

    Raises:
        DumpError: If a table is empty, not UTF-8, lacks columns, is no well-formed CSV, or changed meanwhile.

    Output:
        train.parquet, test.parquet: accepted products of the parts that exist, see `PRODUCTS_SCHEMA`; `description`
            is null where it is empty, `prdtypecode` where there are no labels; sorted by `row`.
        rejected.parquet: part, file, row, productid, reason, detail of each record left out.
    """
    facts: dict[str, int] = {}
    rejections: list[Rejection] = []
    with SnapshotFiles(snapshot, dump) as files:
        labels = None
        if files.has(Y_TRAIN):
            labels, rejections = read_labels(files.read(Y_TRAIN))
        for part, table in PRODUCT_TABLES.items():
            if not files.has(table):
                continue
            records = read_records(files.read(table), table, PRODUCT_COLUMNS)
            products, rejected = join_products(records, part, labels if part == "train" else None)
            rejections += rejected
            _write_products(products, out / f"{part}.parquet")
            facts |= {f"{part}_records": len(records), f"{part}_products": len(products)}
    pq.write_table(rejections_table(rejections), out / REJECTED_FILE)
    return facts | {"rejected": len(rejections)}


def read_labels(data: bytes) -> tuple[dict[int, Label], list[Rejection]]:
    """Labels by index; what they say is judged when they meet their product.

    Args:
        data: Bytes of the label table.

    Returns:
        Index → label, and the records that cannot be joined.

    Raises:
        DumpError: If the table cannot be read as a whole.
    """
    labels: dict[int, Label] = {}
    rejections: list[Rejection] = []
    for record in read_records(data, Y_TRAIN, LABEL_COLUMNS):
        try:
            index_text, code = _sound(record)
            index = _number(index_text, "index", Reason.INDEX_INVALID)
            if index in labels:
                raise _Refused(
                    Reason.LABEL_REPEATED, f"index {index} has a label already in record {labels[index].row}"
                )
            labels[index] = Label(record.row, code)
        except _Refused as refused:
            rejections.append(_rejection("train", Y_TRAIN, record, refused))
    return labels, rejections


def join_products(
    records: Iterable[Record], part: Part, labels: Mapping[int, Label] | None
) -> tuple[list[Product], list[Rejection]]:
    """Accept or reject each record of a product table, and give it its label.

    Args:
        records: Records of `PRODUCT_COLUMNS`.
        part: Which part of the dump they are.
        labels: Index → label; None where this part has no labels.

    Returns:
        Accepted products in the order of records, and rejections: of products, and of labels without product.
    """
    table = PRODUCT_TABLES[part]
    products: list[Product] = []
    rejections: list[Rejection] = []
    rows_of: dict[str, dict[int, int]] = {"index": {}, "productid": {}}
    seen: set[int] = set()
    for record in records:
        try:
            product = _product(record, seen)
            for column, reason in (("index", Reason.INDEX_REPEATED), ("productid", Reason.PRODUCTID_REPEATED)):
                value = getattr(product, column)
                if value in rows_of[column]:
                    detail = f"{column} {value} stands already in record {rows_of[column][value]}"
                    raise _Refused(reason, detail, product.productid)
            if labels is not None:
                product = replace(product, prdtypecode=_code(product, labels.get(product.index)))
            rows_of["index"][product.index] = rows_of["productid"][product.productid] = record.row
            products.append(product)
        except _Refused as refused:
            rejections.append(_rejection(part, table, record, refused))
    for index, label in (labels or {}).items():
        if index not in seen:
            detail = f"index {index} is that of no product in {table}"
            rejections.append(Rejection(part, Y_TRAIN, label.row, None, Reason.LABEL_WITHOUT_PRODUCT, detail))
    return products, rejections


def _product(record: Record, seen: set[int]) -> Product:
    """The product of a record, not labelled yet; its index is added to `seen` as soon as it is known."""
    index_text, designation, description, productid_text, imageid_text = _sound(record)
    index = _number(index_text, "index", Reason.INDEX_INVALID)
    seen.add(index)
    productid = _number(productid_text, "productid", Reason.PRODUCTID_INVALID)
    imageid = _number(imageid_text, "imageid", Reason.IMAGEID_INVALID, productid)
    name = image_name(imageid, productid)
    return Product(index, designation, description or None, productid, imageid, name, None, record.row)


def _sound(record: Record) -> tuple[str, ...]:
    if record.oddity is not None:
        raise _Refused(record.oddity, record.detail)
    return record.values


def _number(text: str, column: str, reason: Reason, productid: int | None = None) -> int:
    if not _NUMBER.fullmatch(text):
        raise _Refused(
            reason, f"{column} is {_quoted(text)}, expected a whole number from 0 with up to 18 digits", productid
        )
    return int(text)


def _code(product: Product, label: Label | None) -> int:
    """The class code a label gives a product."""
    if label is None or not label.code:
        why = (
            f"{Y_TRAIN} has none for index {product.index}"
            if label is None
            else f"record {label.row} of {Y_TRAIN} is empty"
        )
        raise _Refused(Reason.LABEL_MISSING, f"no prdtypecode: {why}", product.productid)
    where = f"prdtypecode is {_quoted(label.code)} in record {label.row} of {Y_TRAIN}"
    if not _NUMBER.fullmatch(label.code):
        raise _Refused(Reason.LABEL_INVALID, f"{where}, expected a whole number", product.productid)
    if int(label.code) not in TARGETS:
        raise _Refused(Reason.LABEL_UNKNOWN, f"{where}, which is none of the {len(TARGETS)} classes", product.productid)
    return int(label.code)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")


def _rejection(part: Part, table: str, record: Record, refused: _Refused) -> Rejection:
    return Rejection(part, table, record.row, refused.productid, refused.reason, refused.detail)


def _write_products(products: list[Product], path: Path) -> None:
    columns = {name: [getattr(product, name) for product in products] for name in PRODUCTS_SCHEMA.names}
    pq.write_table(pa.table(columns, PRODUCTS_SCHEMA), path)
