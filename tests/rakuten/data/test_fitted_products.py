"""Products that a model was fitted on are known by their id, their title and their image."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rakuten.data.fitted_products import (
    FITTED_PRODUCTS,
    PROBE_KEY,
    FittedProducts,
    list_fitted_products,
    write_fitted_products,
)
from rakuten.errors import InputError
from rakuten.outputs import StageOutput

TITLES = ["Robot de piscine", "Roman d'été", "Console", "Lampe", "!?", ""]
SIDES = ["train", "validation", "test", "withheld", "train", "train"]


def image(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def products(titles: list[str], images: list[str | None], first_id: int = 1) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "productid": range(first_id, first_id + len(titles)),
            "designation": titles,
            "image_digest": pd.Series([name and image(name) for name in images], dtype="string"),
        }
    )


@pytest.fixture
def fitted(hand_made: Any) -> StageOutput:
    frame = products(TITLES, ["a", "b", "c", "d", "e", None])
    clean = hand_made.output("clean_products-v1-f", {"train.parquet": frame})
    output: StageOutput = hand_made.store.run(
        list_fitted_products, clean=clean, split=hand_made.split([10] * len(TITLES), SIDES)
    )
    return output


def read(output: StageOutput) -> FittedProducts:
    return FittedProducts.read(output.file(FITTED_PRODUCTS))


def test_train_and_validation_products_are_listed_and_no_others(fitted: StageOutput) -> None:
    assert fitted.facts == {"train": 3, "validation": 1}
    same_ids = products(["new"] * 6, [None] * 6)
    assert read(fitted).contain(same_ids).tolist() == [True, True, False, False, True, True]
    assert read(fitted).contain(same_ids, ("train",)).tolist() == [True, False, False, False, True, True]


def test_a_product_of_another_id_is_known_by_its_title_however_it_is_written(fitted: StageOutput) -> None:
    later = products(["ROBOT de piscine !", "roman d ete", "Console", "Lampe", "Robot"], [None] * 5, first_id=100)
    assert read(fitted).contain(later).tolist() == [True, True, False, False, False]


def test_a_product_of_another_id_and_title_is_known_by_its_image(fitted: StageOutput) -> None:
    later = products(["x1", "x2", "x3", "x4", "x5"], ["a", "b", "c", None, "new"], first_id=100)
    assert read(fitted).contain(later).tolist() == [True, True, False, False, False]


def test_titles_without_a_letter_or_digit_are_not_all_the_same_title(fitted: StageOutput) -> None:
    assert not read(fitted).contain(products(["", "!!", "?"], [None] * 3, first_id=100)).any()


def test_no_product_is_no_error(fitted: StageOutput) -> None:
    assert read(fitted).contain(products([], [])).tolist() == []


def test_the_index_of_a_frame_does_not_matter(fitted: StageOutput) -> None:
    later = products(["new", "Robot de piscine"], [None, None], first_id=100)
    later.index = pd.Index([7, 7])
    assert read(fitted).contain(later).tolist() == [False, True]


def test_the_list_is_sorted_digests_of_64_bits_and_small(hand_made: Any) -> None:
    count = 5_000
    frame = products([f"title {row}" for row in range(count)], [f"image {row}" for row in range(count)])
    clean = hand_made.output("clean_products-v1-g", {"train.parquet": frame})
    path = hand_made.store.folder / FITTED_PRODUCTS
    write_fitted_products(path, clean, hand_made.split([10] * count, ["train"] * count))
    table = pq.read_table(path).to_pandas()
    assert table["digest"].dtype == np.uint64
    assert all(group["digest"].is_monotonic_increasing for _, group in table.groupby(["split", "kind"]))
    assert path.stat().st_size < 30 * count


def garbage(path: Path) -> None:
    path.write_bytes(b"PAR1 no table")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def other_columns(path: Path) -> None:
    pq.write_table(pa.table({"productid": [1]}), path)


def folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.parametrize("damage", [garbage, empty, other_columns, folder, lambda path: None])
def test_a_file_that_is_no_list_is_one_line(tmp_path: Path, damage: Any) -> None:
    damage(tmp_path / FITTED_PRODUCTS)
    with pytest.raises(InputError, match=r"is no list of fitted products: [^\n]+$"):
        FittedProducts.read(tmp_path / FITTED_PRODUCTS)


def test_titles_that_another_version_normalised_are_not_compared(fitted: StageOutput, tmp_path: Path) -> None:
    table = pq.read_table(fitted.file(FITTED_PRODUCTS))
    pq.write_table(table.replace_schema_metadata({PROBE_KEY: b"otherwise"}), tmp_path / FITTED_PRODUCTS)
    with pytest.raises(InputError, match="another version"):
        FittedProducts.read(tmp_path / FITTED_PRODUCTS)
