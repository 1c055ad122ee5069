"""Products of several dumps together: the last record of a product counts, indices count anew."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.dumps.merging import merge_products
from rakuten.dumps.products import PRODUCTS_SCHEMA
from rakuten.outputs import StageOutput

SCHEMA = PRODUCTS_SCHEMA.append(pa.field("image_digest", pa.string()))


def accepted(hand_made: Any, key: str, **parts: list[tuple[int, str]]) -> StageOutput:
    """What `accept_products` hands on: for each part (productid, title) of every product."""
    output: StageOutput = hand_made.output(f"accept_products-v1-{key}", {"note": "x"})
    for part, products in parts.items():
        rows = [
            {
                "index": row,
                "designation": title,
                "productid": productid,
                "imageid": 1,
                "image_name": "x",
                "row": row + 1,
            }
            for row, (productid, title) in enumerate(products)
        ]
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), output.folder / f"{part}.parquet")
    return output


def titles(output: StageOutput, part: str) -> dict[int, str]:
    table = pd.read_parquet(output.file(f"{part}.parquet"))
    return dict(zip(table["productid"], table["designation"], strict=True))


def test_the_last_dump_s_record_of_a_product_counts(hand_made: Any) -> None:
    first = accepted(hand_made, "a", train=[(7, "old"), (8, "only here")])
    second = accepted(hand_made, "b", train=[(9, "new"), (7, "corrected")])
    merged = hand_made.store.run(merge_products, accepted=(first, second))
    assert titles(merged, "train") == {8: "only here", 9: "new", 7: "corrected"}
    assert merged.facts == {"train_products": 3, "train_replaced": 1}
    backwards = hand_made.store.run(merge_products, accepted=(second, first))
    assert titles(backwards, "train") == {9: "new", 7: "old", 8: "only here"}


def test_indices_count_anew_and_columns_keep_their_types(hand_made: Any) -> None:
    dumps = tuple(accepted(hand_made, key, train=[(number, "x")]) for number, key in enumerate("abc"))
    merged = hand_made.store.run(merge_products, accepted=dumps)
    table = pq.read_table(merged.file("train.parquet"))
    assert table.column("index").to_pylist() == [0, 1, 2]
    assert table.schema == SCHEMA


def test_parts_are_merged_apart_and_may_be_absent(hand_made: Any) -> None:
    first = accepted(hand_made, "a", train=[(7, "labelled")])
    second = accepted(hand_made, "b", train=[(8, "x")], test=[(7, "to be predicted")])
    merged = hand_made.store.run(merge_products, accepted=(first, second))
    assert titles(merged, "train") == {7: "labelled", 8: "x"}
    assert titles(merged, "test") == {7: "to be predicted"}
    only = hand_made.store.run(merge_products, accepted=(first, first))
    assert not Path(only.folder / "test.parquet").exists()
