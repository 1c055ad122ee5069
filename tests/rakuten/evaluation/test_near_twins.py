"""Test products that a train product nearly is."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rakuten.evaluation import near_twins
from rakuten.evaluation.near_twins import find_near_twins, most_similar, same_pictures

TEXT = "lampe torche led rechargeable aluminium noire zoom"


def twins(hand_made: Any, rows: list[tuple[str, str, str | None]], images: Any = None) -> list[dict[str, Any]]:
    """Near-twins of products 1, 2, 3 …, each (side, clean text, image digest)."""
    sides, texts, digests = zip(*rows, strict=True)
    frame = {"productid": range(1, len(rows) + 1), "prdtypecode": 10, "clean_text": texts, "image_digest": digests}
    clean = hand_made.output("clean_products-v1-0", {"train.parquet": pd.DataFrame(frame)})
    split = hand_made.split([10] * len(rows), list(sides))
    output = hand_made.store.run(find_near_twins, clean=clean, split=split, images=images)
    found = pd.read_parquet(output.file("near_twins.parquet"))
    assert output.facts["any"] == found["productid"].nunique()
    records: list[dict[str, Any]] = found.to_dict("records")
    return records


def looks(hand_made: Any, by_digest: dict[str, tuple[int, int]]) -> Any:
    """An inspection: digest → (grey of its look, its difference hash)."""
    rows = [
        {"digest": digest, "perceptual_hash": f"{edges:0128x}", "look": bytes([grey]) * 432}
        for digest, (grey, edges) in by_digest.items()
    ]
    return hand_made.output("inspect_images-v1-0", {"images.parquet": pd.DataFrame(rows)})


def test_a_text_that_differs_by_a_word_is_found_with_the_likest_train_product(hand_made: Any) -> None:
    found = twins(
        hand_made,
        [
            ("test", f"{TEXT} 300 lumens", None),
            ("train", "piscine ronde bache filtre", None),
            ("train", f"{TEXT} 500 lumens", None),
            ("train", f"{TEXT} {TEXT} 300 lumens", None),
            ("validation", f"{TEXT} 300 lumens", None),
            ("withheld", f"{TEXT} 300 lumens", None),
            ("test", "livre roman auteur", None),
        ],
    )
    assert [(row["productid"], row["twin"], row["kind"]) for row in found] == [(1, 4, "text")]
    assert 0.9 <= found[0]["similarity"] < 1


def test_products_without_words_are_like_no_other(hand_made: Any) -> None:
    assert twins(hand_made, [("test", "", None), ("train", "", None), ("train", "mot", None)]) == []
    assert list(most_similar([""], [""])) == []


def test_a_split_without_test_or_train_products_has_no_twins(hand_made: Any) -> None:
    assert twins(hand_made, [("train", TEXT, None), ("validation", TEXT, None)]) == []


def test_an_image_saved_anew_is_found_and_one_of_other_edges_is_not(hand_made: Any) -> None:
    edges = 2**40 - 1
    others = {"b": (101, edges ^ 0b11), "c": (101, edges << 40), "d": (180, edges), "e": (100, edges ^ 1)}
    images = looks(hand_made, {"a": (100, edges), **others})
    rows = [("test", "un", "a"), ("train", "deux", "b"), ("train", "trois", "c"), ("test", "quatre", "d")]
    found = twins(hand_made, [*rows, ("test", "cinq", None), ("train", "six", "e"), ("test", "sept", "gone")], images)
    assert [(row["productid"], row["twin"], row["kind"]) for row in found] == [(1, 6, "image")]
    assert found[0]["similarity"] == 1


def test_blocks_find_what_one_product_of_matrices_does(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    words = np.array([f"w{number}" for number in range(30)])
    known = [" ".join(generator.choice(words, 6)) for _ in range(80)]
    asked = [known[row] if row % 3 else " ".join(generator.choice(words, 6)) for row in range(50)]
    whole = list(most_similar(asked, known, threshold=0.7))
    monkeypatch.setattr(near_twins, "BLOCK", 7)
    assert list(most_similar(asked, known, threshold=0.7)) == whole
    found = {row: (column, cosine) for row, column, cosine in whole}
    assert {row for row in range(50) if row % 3} <= set(found)
    assert all(known[found[row][0]] == asked[row] and found[row][1] == 1 for row in range(50) if row % 3)


def test_pictures_are_compared_by_their_exact_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_twins, "BLOCK", 3)
    generator = np.random.default_rng(0)
    known = generator.integers(0, 250, (20, 432), dtype=np.uint8)
    asked = known[[4, 7, 7, 11]] + np.array([[0], [1], [2], [3]], np.uint8)
    assert list(same_pictures(asked, known)) == [(0, 4, 0.0), (1, 7, 1.0), (2, 7, 2.0)]
