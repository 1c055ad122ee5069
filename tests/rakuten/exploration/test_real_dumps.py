"""Figures of the real products equal those counted with nothing but the csv module; counts are facts, no product is."""

import collections
import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rakuten.catalogue.classes import CODES
from rakuten.exploration.words import REPORTED_ALIKE

pytestmark = pytest.mark.real


def counted(dump: Path) -> tuple[collections.Counter[int], collections.Counter[int]]:
    """Products and products without description by class, by hand."""
    with (dump / "y_train_CVw08PX.csv").open(encoding="utf-8", newline="") as file:
        labels = {row[""]: int(row["prdtypecode"]) for row in csv.DictReader(file)}
    products: collections.Counter[int] = collections.Counter()
    missing: collections.Counter[int] = collections.Counter()
    with (dump / "X_train_update.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            products[labels[row[""]]] += 1
            missing[labels[row[""]]] += not row["description"]
    return products, missing


@pytest.fixture(scope="module")
def multimodal(explore_in: Any, shared_data: Path) -> Any:
    return explore_in(shared_data / "real-multimodal")


@pytest.fixture(scope="module")
def texts(explore_in: Any, shared_data: Path) -> Any:
    return explore_in(shared_data / "real-text")


@pytest.mark.parametrize(("name", "products", "without"), [("multimodal", 540, 188), ("texts", 12_000, 12_000)])
def test_classes_and_missing_descriptions_are_those_counted_by_hand(
    name: str, products: int, without: int, request: pytest.FixtureRequest
) -> None:
    explored = request.getfixturevalue(name)
    by_class, missing = counted(explored.dump)
    table = pd.read_parquet(explored.described.file("classes.parquet")).set_index("prdtypecode")
    assert table["products"].to_dict() == {code: by_class[code] for code in CODES}
    assert table["without_description"].to_dict() == {code: missing[code] for code in CODES}
    assert explored.described.facts["products"] == sum(by_class.values()) == products
    assert explored.described.facts["without_description"] == sum(missing.values()) == without


def test_the_sample_of_twenty_a_class_has_twenty_a_class(multimodal: Any) -> None:
    assert set(pd.read_parquet(multimodal.described.file("classes.parquet"))["products"]) == {20}


def test_the_largest_real_class_is_the_reports(texts: Any) -> None:
    table = pd.read_parquet(texts.described.file("classes.parquet")).set_index("prdtypecode")
    assert table["products"].idxmax() == 2583
    assert table.loc[2583, "products"] == 1464
    assert abs(table["share"] - table["published_share"]).max() < 0.01


def test_the_classes_that_miss_most_descriptions_are_among_the_reports(multimodal: Any) -> None:
    table = pd.read_parquet(multimodal.described.file("classes.parquet")).set_index("prdtypecode")
    assert {2403, 2280, 1160} <= set(table.index[table["missing_share"] >= 0.85])


def test_real_photos_are_what_the_report_says(multimodal: Any) -> None:
    kinds = pd.read_parquet(multimodal.images.file("image_files.parquet"))
    assert kinds[["width", "height", "mode", "products"]].to_numpy().tolist() == [[500, 500, "RGB", 540]]


def test_most_real_texts_are_told_to_be_french(multimodal: Any) -> None:
    table = pd.read_parquet(multimodal.described.file("languages.parquet"))
    shares = table[table["prdtypecode"].isna()].set_index("language")["share"]
    assert shares["fr"] > 0.7
    assert shares["unknown"] < 0.2


def test_most_pairs_that_the_report_saw_alike_are_near_the_top(texts: Any) -> None:
    pairs = pd.read_parquet(texts.words.file("vocabularies.parquet"))
    ranks = pairs[pairs["reported"]].set_index(["prdtypecode", "other"])["rank"]
    assert len(ranks) == len(REPORTED_ALIKE)
    # 1140 and 1180 stand at rank 57 of 351: alike to the eye, less so by words of cut titles.
    assert (ranks <= 20).sum() >= 3
    assert ranks.max() < 100


def test_telling_words_of_real_classes_are_those_a_person_would_name(texts: Any) -> None:
    words = pd.read_parquet(texts.words.file("words.parquet"))
    for code, word in ((2583, "piscine"), (1920, "coussin"), (60, "console"), (2220, "chien"), (1160, "carte")):
        telling = words[words["prdtypecode"] == code].nlargest(3, "score")["word"]
        assert word in set(telling)


def test_the_page_of_real_products_stays_below_five_megabytes(multimodal: Any) -> None:
    assert multimodal.page().facts["bytes"] < 5_000_000


def test_titles_that_were_cleaned_before_are_seen_as_a_shift(
    multimodal: Any, explore_in: Any, shared_data: Path
) -> None:
    compared = explore_in(shared_data / "real-test").compared_with(multimodal)
    shifts = pd.read_parquet(compared.file("shifts.parquet")).set_index("measure")
    assert shifts.loc[["has description", "language", "vocabulary"], "matters"].all()
    # Photos of both come from the same shop.
    assert not shifts.loc[shifts["subject"] == "images", "matters"].any()
