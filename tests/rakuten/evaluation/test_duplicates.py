"""The same article under two classes."""

from typing import Any

import pandas as pd

from rakuten.evaluation.duplicates import find_duplicates

COLUMNS = ["productid", "prdtypecode", "designation", "description", "image_digest"]
ROWS = [
    (1, 10, "Le Livre", "beau", "a"),
    (2, 40, "le livre!", "laid", "b"),
    (3, 10, "LE LIVRE", "Beau.", "c"),
    (4, 50, "Console", "", "d"),
    (5, 50, "console", "", "d"),
    (6, 60, "Jeu", "", "d"),
    (7, 10, "!!!", "", None),
    (8, 40, "???", "", None),
]


def test_products_that_share_title_text_or_image_are_counted_and_those_of_two_classes_listed(hand_made: Any) -> None:
    clean = hand_made.output("clean_products-v1-0", {"train.parquet": pd.DataFrame(ROWS, columns=COLUMNS)})
    output = hand_made.store.run(find_duplicates, clean=clean)
    assert output.facts == {
        "title": {"duplicates": 5, "conflicting": 3},
        "text": {"duplicates": 4, "conflicting": 0},
        "image": {"duplicates": 3, "conflicting": 3},
    }
    found = pd.read_parquet(output.file("conflicts.parquet"))
    assert found.to_numpy().tolist() == [
        ["title", 0, 1, 10],
        ["title", 0, 2, 40],
        ["title", 0, 3, 10],
        ["image", 0, 4, 50],
        ["image", 0, 5, 50],
        ["image", 0, 6, 60],
    ]


def test_a_dump_without_duplicates_has_an_empty_list(hand_made: Any) -> None:
    clean = hand_made.output("clean_products-v1-0", {"train.parquet": pd.DataFrame(ROWS[::5], columns=COLUMNS)})
    found = pd.read_parquet(hand_made.store.run(find_duplicates, clean=clean).file("conflicts.parquet"))
    assert (len(found), list(found.columns)) == (0, ["kind", "group", "productid", "prdtypecode"])
