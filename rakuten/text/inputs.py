"""What text models read: products of a part or a side, and their clean texts without corpus-wide words."""

from collections.abc import Collection, Sequence
from typing import Literal

import pandas as pd

from rakuten.data.label_masking import hide_classes
from rakuten.errors import MismatchError
from rakuten.outputs import StageOutput

Part = Literal["train", "test"]
Column = Literal["designation", "text"]

PARTS: tuple[Part, ...] = ("train", "test")
CORPUS_WORDS = "corpus_words.json"


def read_part(clean: StageOutput, part: str, columns: Sequence[str]) -> pd.DataFrame:
    """Columns of a part's products as `clean_products` wrote them, in its order.

    Args:
        clean: `clean_products`.
        part: "train" (labelled) or "test" (the challenge's unlabelled products).
        columns: Beside `productid`, which always comes first.

    Raises:
        ValueError: If there is no such part.
        OutputError: If the dump did not hold it.
    """
    if part not in PARTS:
        raise ValueError(f"part is {part!r}, expected one of {list(PARTS)}")
    return pd.read_parquet(clean.file(f"{part}.parquet"), columns=["productid", *columns])


def read_labelled(clean: StageOutput, split: StageOutput, columns: Sequence[str]) -> pd.DataFrame:
    """Labelled products with their side.

    Args:
        clean: `clean_products`.
        split: `split_products` of the same products.
        columns: Beside productid, prdtypecode and side.

    Returns:
        One row a product, in the order of `clean`; `prdtypecode` of test and withheld products is hidden (see
        `rakuten.data.label_masking`).

    Raises:
        MismatchError: If the two do not hold the same products.
    """
    products = read_part(clean, "train", ["prdtypecode", *columns])
    sides = pd.read_parquet(split.file("split.parquet"), columns=["productid", "side"]).set_index("productid")["side"]
    if len(sides) != len(products) or not products["productid"].isin(sides.index).all():
        raise MismatchError(
            f"{split.key} splits {len(sides)} products, {clean.key} holds {len(products)}; expected the same products"
        )
    products["side"] = products["productid"].map(sides)
    products["prdtypecode"] = hide_classes(products["prdtypecode"], products["side"])
    return products


def read_corpus_words(corpus_words: StageOutput) -> frozenset[str]:
    """The words `find_corpus_words` found."""
    return frozenset(corpus_words.read_json(CORPUS_WORDS))


def clean_texts(products: pd.DataFrame, column: Column, corpus_words: Collection[str]) -> list[str]:
    """Clean texts of products without corpus-wide words.

    Args:
        products: With the column `clean_designation` or `clean_text`.
        column: "designation": the title; "text": title and description.
        corpus_words: See `read_corpus_words`.

    Returns:
        One text a product, words parted by single spaces; "" where none is left.
    """
    texts: list[str] = products[f"clean_{column}"].tolist()
    if not corpus_words:
        return texts
    dropped = frozenset(corpus_words)
    return [" ".join([word for word in text.split() if word not in dropped]) for text in texts]
