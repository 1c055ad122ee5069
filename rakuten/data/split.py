"""Which products are fitted on and which are scored: decided by content, once and for all.

Two promises are asked of a split that serves night after night: a product never changes sides when a new dump
arrives, and twins (same title or same image bytes) never stand on two sides. No rule that looks at content alone keeps
both by moving rows: a product that arrives tonight may share its title with one side and its image with the other, and
so bridge two groups that were placed long ago. Hence two steps:

1. The side of a product is a pure function of its own title: the letters and digits of `normalise_title`, digested
   together with the seed and read as a number in [0, 1). No later dump can move it,
   and products with the same title share a side. A product whose title holds no letter or digit goes by its productid.
2. Where the same image bytes stand on several sides, the evaluation row stays and the fitting row is withheld: a train
   row that shares its image with a validation or test row, and a validation row that shares it with a test row, get the
   side "withheld" and are used for nothing.

So no title and no image is on two sides, and the only change a new dump can bring is that a row is withheld.

The method "report" draws rows at random as the report did, twins and all: it exists to compare figures with the
report's, and only counts the twins that stand on two sides.
"""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.errors import InputError
from rakuten.normalisation import normalise_title
from rakuten.outputs import StageOutput
from rakuten.recipes import SplitRecipe
from rakuten.stages import stage

SPLIT = "split.parquet"
SIDES = ("train", "validation", "test", "withheld")

REPORT_TEST_SHARE = 0.2

Sides = npt.NDArray[np.str_]


@stage(version=1, libraries=("ftfy", "scikit-learn"))
def split_products(out: Path, clean: StageOutput, recipe: SplitRecipe) -> dict[str, Any]:
    """Put every labelled product on one side.

    Args:
        out: Work folder.
        clean: `clean_products` of a dump with labels.
        recipe: Method, shares and seed.

    Returns:
        Rows and share of each side; train, validation and test rows whose title or image is on another side as well.

    Raises:
        OutputError: If the dump has no labelled products.
        InputError: If there are fewer products than the method "report" can divide.

    Output:
        split.parquet: productid, prdtypecode, side (one of `SIDES`), in the order of `clean`.
    """
    columns = ["productid", "index", "prdtypecode", "image_digest", "designation"]
    products = pd.read_parquet(clean.file("train.parquet"), columns=columns)
    sides = by_content(products, recipe) if recipe.method == "content" else as_reported(products, recipe)
    table = pa.table(
        {
            "productid": pa.array(products["productid"], pa.int64()),
            "prdtypecode": pa.array(products["prdtypecode"], pa.int64()),
            "side": pa.array(sides.tolist(), pa.string()),
        }
    )
    pq.write_table(table, out / SPLIT)
    return _facts(products, sides)


@stage(version=1)
def pool_sides(out: Path, split: StageOutput) -> dict[str, Any]:
    """Put every labelled product on the train side: for models that are fitted again, once all scores are taken.

    Args:
        out: Work folder.
        split: `split_products`.

    Returns:
        Number of products.

    Output:
        split.parquet: As of `split_products`, with one side; nothing that is scored can be found in it.
    """
    sides = pq.read_table(split.file(SPLIT))
    place = sides.schema.get_field_index("side")
    pooled = sides.set_column(place, "side", pa.array(["train"] * len(sides), pa.string()))
    pq.write_table(pooled, out / SPLIT)
    return {"train": len(pooled)}


def by_content(products: pd.DataFrame, recipe: SplitRecipe) -> Sides:
    """Sides by title, fitting rows with an evaluated image withheld.

    Args:
        products: productid, designation, image_digest (null: no image).
        recipe: Shares and seed.

    Returns:
        One of `SIDES` for each row.
    """
    identities = [
        normalise_title(title) or f"product {productid}"
        for title, productid in zip(products["designation"], products["productid"], strict=True)
    ]
    places = np.array([place_of(identity, recipe.seed) for identity in identities], np.float64)
    evaluated = np.where(places < recipe.test + recipe.validation, "validation", "train")
    return _withhold(np.where(places < recipe.test, "test", evaluated), products["image_digest"])


def as_reported(products: pd.DataFrame, recipe: SplitRecipe) -> Sides:
    """Sides by the report's random draw: on the same rows, the test rows are the report's own.

    Args:
        products: With the column `index`, whose order is that of the draw.
        recipe: Seed, and the share of validation rows among those that are not test.

    Returns:
        "train", "validation" or "test" for each row; nothing is withheld.

    Raises:
        InputError: If there are fewer than 3 products.
    """
    from sklearn.model_selection import train_test_split

    if len(products) < len(SIDES) - 1:
        raise InputError(f'a split by the method "report" needs at least 3 labelled products, got {len(products)}')
    order = np.argsort(products["index"].to_numpy(), kind="stable")
    rest, test = train_test_split(range(len(products)), test_size=REPORT_TEST_SHARE, random_state=recipe.seed)
    _, validation = train_test_split(rest, test_size=recipe.validation, random_state=recipe.seed)
    sides = np.full(len(products), "train", dtype="<U10")
    sides[order[test]] = "test"
    sides[order[validation]] = "validation"
    return sides


def place_of(identity: str, seed: int) -> float:
    """A number in [0, 1), evenly spread over identities."""
    digest = hashlib.sha256(f"{seed}\n{identity}".encode("utf-8", "surrogatepass")).digest()
    # 48 bits: a float holds them exactly, so that the quotient never rounds up to 1.
    return int.from_bytes(digest[:6]) / 2**48


def _withhold(sides: Sides, images: "pd.Series[str]") -> Sides:
    """Withhold rows whose image stands on a side that is evaluated later than their own."""
    rank = pd.Series(sides).map(SIDES.index)
    # Rows without an image are in no group; comparing with the missing maximum is False.
    highest = rank.groupby(images.to_numpy()).transform("max")
    return np.where((rank < highest).to_numpy(), "withheld", sides)


def _facts(products: pd.DataFrame, sides: Sides) -> dict[str, Any]:
    used = pd.DataFrame(
        {
            "side": sides,
            "title": [normalise_title(title) for title in products["designation"]],
            "image": products["image_digest"].to_numpy(),
        }
    )
    used = used[used["side"] != "withheld"]
    counts = {side: int(np.count_nonzero(sides == side)) for side in SIDES}
    return {
        **counts,
        "shares": {side: round(count / max(len(sides), 1), 4) for side, count in counts.items()},
        "title_twins_across": _across(used[used["title"] != ""], "title"),
        "image_twins_across": _across(used[used["image"].notna()], "image"),
    }


def _across(used: pd.DataFrame, column: str) -> int:
    """Rows whose value stands on more than one side."""
    return int((used.groupby(column)["side"].transform("nunique") > 1).sum()) if len(used) else 0
