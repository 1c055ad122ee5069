import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rakuten.catalogue.classes import CODES
from rakuten.dumps.csv_records import read_records
from rakuten.dumps.layout import PRODUCT_COLUMNS, X_TEST, X_TRAIN, Y_TRAIN, ids_of_image, image_name
from rakuten.dumps.products import PRODUCTS_SCHEMA, join_products, read_products
from rakuten.errors import DumpError


def rows_of(output: Any, part: str = "train") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(output.file(f"{part}.parquet")).to_pylist()
    return rows


def test_products_carry_texts_ids_and_label(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    products = reading.products(small_dump.write(tmp_path / "dump"))
    assert rows_of(products)[1] == {
        "index": 1,
        "designation": "Produit été no 2",
        "description": 'Très "beau",\nno 2',
        "productid": 1002,
        "imageid": 5002,
        "image_name": "image_5002_product_1002.jpg",
        "prdtypecode": CODES[1],
        "row": 2,
    }
    assert rows_of(products)[2]["description"] is None
    assert {row["prdtypecode"] for row in rows_of(products, "test")} == {None}
    assert products.facts == {
        "train_records": 54,
        "train_products": 54,
        "test_records": 6,
        "test_products": 6,
        "rejected": 0,
    }


def test_labels_join_by_index_whatever_the_order_of_rows(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    expected = {
        row["productid"]: row["prdtypecode"] for row in rows_of(reading.products(small_dump.write(tmp_path / "a")))
    }
    for seed, name in enumerate((X_TRAIN, Y_TRAIN)):
        header, *records = small_dump.tables[name]
        random.Random(seed).shuffle(records)
        small_dump.tables[name] = [header, *records]
    shuffled = rows_of(reading.products(small_dump.write(tmp_path / "b")))
    assert {row["productid"]: row["prdtypecode"] for row in shuffled} == expected
    assert [row["row"] for row in shuffled] == list(range(1, 55))


def test_columns_are_found_by_name_and_others_ignored_with_a_warning(
    small_dump: Any, reading: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = rows_of(reading.products(small_dump.write(tmp_path / "a")))
    small_dump.tables[X_TRAIN] = [["colour", *reversed(row)] for row in small_dump.tables[X_TRAIN]]
    assert rows_of(reading.products(small_dump.write(tmp_path / "b"))) == expected
    assert "columns not expected are ignored: colour" in caplog.text


def test_byte_order_mark_and_windows_line_ends_change_nothing(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    small_dump.tables[X_TRAIN] = [[field.replace("\n", " ") for field in row] for row in small_dump.tables[X_TRAIN]]
    dump = small_dump.write(tmp_path / "dump")
    expected = rows_of(reading.products(dump))
    data = (dump / X_TRAIN).read_bytes()
    (dump / X_TRAIN).write_bytes(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))
    assert rows_of(reading.products(dump)) == expected


@pytest.mark.parametrize(("absent", "parts"), [(X_TRAIN, ["test"]), (X_TEST, ["train"])])
def test_a_part_that_the_dump_lacks_has_no_table(
    small_dump: Any, reading: Any, tmp_path: Path, absent: str, parts: list[str]
) -> None:
    del small_dump.tables[absent]
    if absent == X_TRAIN:
        del small_dump.tables[Y_TRAIN]
    products = reading.products(small_dump.write(tmp_path / "dump"))
    assert [part for part in ("train", "test") if (products.folder / f"{part}.parquet").exists()] == parts


def test_products_without_any_label_are_accepted(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    del small_dump.tables[Y_TRAIN]
    products = reading.products(small_dump.write(tmp_path / "dump"))
    assert {row["prdtypecode"] for row in rows_of(products)} == {None}
    assert pq.read_schema(products.file("train.parquet")).equals(PRODUCTS_SCHEMA)


def test_products_of_a_known_dump_have_not_changed_by_themselves(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    rows = rows_of(reading.products(small_dump.write(tmp_path / "dump")))
    assert hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16] == "3568099d1bbed499"


def test_the_text_na_is_a_text(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    small_dump.tables[X_TRAIN][1][1:3] = ["NA", "null"]
    first = rows_of(reading.products(small_dump.write(tmp_path / "dump")))[0]
    assert (first["designation"], first["description"]) == ("NA", "null")


def test_key_is_unchanged_by_the_place_of_the_dump(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    one, other = (small_dump.write(tmp_path / name) for name in ("a", "b"))
    snapshot = reading.snapshot(one)
    assert read_products.key(snapshot=snapshot, dump=one) == read_products.key(snapshot=snapshot, dump=other)


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.lists(st.tuples(texts, texts), min_size=1))
def test_any_text_comes_back_as_it_was_written(pairs: list[tuple[str, str]]) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    lines = [f"{n},{quoted(one)},{quoted(other)},{n},{n}" for n, (one, other) in enumerate(pairs)]
    data = "\n".join([",".join(PRODUCT_COLUMNS), *lines]).encode()
    assert [record.values[1:3] for record in read_records(data, "table", PRODUCT_COLUMNS)] == pairs


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_records_or_a_dump_error(data: bytes) -> None:
    header = ",".join(PRODUCT_COLUMNS).encode() + b"\n"
    try:
        records = read_records(header + data, "table", PRODUCT_COLUMNS)
    except DumpError:
        return
    products, rejections = join_products(records, "test", None)
    assert len(products) + len(rejections) == len(records)


@given(st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1))
def test_ids_and_image_names_translate_both_ways(imageid: int, productid: int) -> None:
    assert ids_of_image(image_name(imageid, productid)) == (imageid, productid)


@pytest.mark.parametrize(
    "name",
    [
        "image_1_product_2.png",
        "image_01_product_2.jpg",
        "image_1_product_.jpg",
        "image_1_product_2.jpg\n",
        "image_١_product_2.jpg",
    ],
)
def test_other_names_are_no_image_names(name: str) -> None:
    assert ids_of_image(name) is None
