from typing import Any

import pandas as pd
import pytest

from rakuten.errors import MismatchError, OutputError
from rakuten.text.inputs import clean_texts, read_corpus_words, read_labelled, read_part

FRAME = pd.DataFrame(
    {
        "productid": [1, 2, 3],
        "prdtypecode": [10, 40, 50],
        "clean_designation": ["livre neuf", "jeu", ""],
        "clean_text": ["livre neuf ancien", "jeu neuf", "neuf"],
    }
)


def test_labelled_products_keep_their_order_and_get_their_side(hand_made: Any) -> None:
    clean = hand_made.output("clean_products-v1-a", {"train.parquet": FRAME.iloc[::-1]})
    products = read_labelled(clean, hand_made.split([10, 40, 50], ["train", "test", "withheld"]), ["clean_text"])
    assert products.columns.tolist() == ["productid", "prdtypecode", "clean_text", "side"]
    assert products["productid"].tolist() == [3, 2, 1]
    assert products["side"].tolist() == ["withheld", "test", "train"]


def test_a_split_of_other_products_is_refused(hand_made: Any) -> None:
    clean = hand_made.output("clean_products-v1-a", {"train.parquet": FRAME.assign(productid=[1, 2, 9])})
    with pytest.raises(MismatchError, match="expected the same products"):
        read_labelled(clean, hand_made.split([10, 40, 50], ["train"] * 3), [])


def test_a_split_of_more_products_is_refused(hand_made: Any) -> None:
    clean = hand_made.output("clean_products-v1-a", {"train.parquet": FRAME.iloc[:2]})
    with pytest.raises(MismatchError, match="splits 3 products"):
        read_labelled(clean, hand_made.split([10, 40, 50], ["train"] * 3), [])


def test_only_parts_of_a_dump_can_be_read(hand_made: Any) -> None:
    clean = hand_made.output("clean_products-v1-a", {"train.parquet": FRAME})
    assert read_part(clean, "train", ["clean_text"]).columns.tolist() == ["productid", "clean_text"]
    with pytest.raises(OutputError, match=r"test\.parquet"):
        read_part(clean, "test", [])
    with pytest.raises(ValueError, match="'validation'"):
        read_part(clean, "validation", [])


def test_corpus_words_are_removed_from_clean_texts(hand_made: Any) -> None:
    words = read_corpus_words(hand_made.output("find_corpus_words-v1-a", {"corpus_words.json": '["neuf"]'}))
    assert clean_texts(FRAME, "designation", words) == ["livre", "jeu", ""]
    assert clean_texts(FRAME, "text", words) == ["livre ancien", "jeu", ""]
    assert clean_texts(FRAME, "text", frozenset()) == FRAME["clean_text"].tolist()
