"""The split's promises: stable under new dumps, safe for twins, the report's own rows where it is asked for."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import train_test_split

from rakuten.data.split import SIDES, as_reported, by_content, pool_sides, split_products
from rakuten.errors import InputError, OutputError
from rakuten.normalisation import normalise_title
from rakuten.recipes import SplitRecipe

titles = st.one_of(st.sampled_from(["Bâche", "bache !", "BACHE", "Jeu", "", "?!", "—"]), st.text(max_size=6))
images = st.one_of(st.none(), st.sampled_from("abcdef"))
EVEN = SplitRecipe(validation=0.3, test=0.3)


@st.composite
def catalogues(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.lists(st.tuples(titles, images), min_size=1, max_size=40))
    return frame_of(rows)


def frame_of(rows: list[tuple[str, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "productid": range(100, 100 + len(rows)),
            "index": range(len(rows)),
            "prdtypecode": 10,
            "designation": [title for title, _ in rows],
            "image_digest": pd.array([image for _, image in rows], dtype="string"),
        }
    )


@settings(deadline=None)
@given(catalogues(), st.integers(0, 3))
def test_no_title_and_no_image_is_on_two_sides(products: pd.DataFrame, seed: int) -> None:
    products["side"] = by_content(products, EVEN.model_copy(update={"seed": seed}))
    products["title"] = products["designation"].map(normalise_title)
    used = products[products["side"] != "withheld"]
    assert (used[used["title"] != ""].groupby("title")["side"].nunique() <= 1).all()
    assert (used.dropna(subset="image_digest").groupby("image_digest")["side"].nunique() <= 1).all()


@settings(deadline=None)
@given(catalogues(), st.data())
def test_more_products_change_no_side_but_to_withheld(products: pd.DataFrame, data: st.DataObject) -> None:
    known = data.draw(st.integers(0, len(products)))
    before = by_content(products.iloc[:known], EVEN)
    after = by_content(products, EVEN)[:known]
    assert all(new in (old, "withheld") for old, new in zip(before, after, strict=True))


@settings(deadline=None)
@given(catalogues(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(products: pd.DataFrame, random: Any) -> None:
    order = list(range(len(products)))
    random.shuffle(order)
    assert by_content(products.iloc[order], EVEN).tolist() == by_content(products, EVEN)[order].tolist()


@settings(deadline=None)
@given(catalogues())
def test_the_scored_row_of_a_pair_of_twins_is_never_withheld(products: pd.DataFrame) -> None:
    sides = pd.Series(by_content(products, EVEN))
    for _, group in sides.groupby(products["image_digest"].to_numpy()):
        assert set(group) - {"withheld"}
    alone = by_content(products.assign(image_digest=None), EVEN)
    assert (sides[alone == "test"] == "test").all()


def test_shares_are_about_those_asked_for_in_every_class() -> None:
    rows: list[tuple[str, str | None]] = [(f"produit {number}", None) for number in range(20_000)]
    products = frame_of(rows).assign(prdtypecode=[number % 5 for number in range(20_000)])
    products["side"] = by_content(products, SplitRecipe())
    shares = products.groupby("prdtypecode")["side"].value_counts(normalize=True).unstack()
    assert shares["train"].between(0.78, 0.82).all()
    assert shares["validation"].between(0.085, 0.115).all()
    assert shares["test"].between(0.085, 0.115).all()


def test_sides_are_golden() -> None:
    """A change here would move products to other sides than they stood on yesterday."""
    rows: list[tuple[str, str | None]] = [(f"Produit été n°{number}", None) for number in range(30)]
    sides = by_content(frame_of([*rows, ("", None)]), SplitRecipe())
    scored = {place: side for place, side in enumerate(sides.tolist()) if side != "train"}
    assert scored == {1: "test", 9: "test", 16: "validation", 17: "validation"}


def test_another_seed_is_another_split() -> None:
    products = frame_of([(f"produit {number}", None) for number in range(200)])
    assert (by_content(products, SplitRecipe(seed=1)) != by_content(products, SplitRecipe(seed=2))).any()


def test_products_without_a_title_go_by_their_id() -> None:
    sides = by_content(frame_of([("!", None)] * 300), EVEN)
    assert set(sides) == {"train", "validation", "test"}


def test_fitting_rows_with_a_scored_image_are_withheld() -> None:
    numbered = [(f"produit {number}", None) for number in range(200)]
    sides = by_content(frame_of(numbered), EVEN).tolist()
    first = {side: sides.index(side) for side in ("train", "validation", "test")}
    rows = [(title, "twin" if place in first.values() else None) for place, (title, _) in enumerate(numbered)]
    twins = by_content(frame_of(rows), EVEN).tolist()
    assert [twins[first[side]] for side in ("train", "validation", "test")] == ["withheld", "withheld", "test"]
    assert twins.count("withheld") == 2


def test_the_reports_test_rows_are_its_own() -> None:
    products = frame_of([(f"produit {number}", None) for number in range(1_000)])
    _, expected = train_test_split(range(1_000), test_size=0.2, random_state=1234)
    shuffled = products.sample(frac=1, random_state=0)
    sides = as_reported(shuffled, SplitRecipe(method="report"))
    assert set(shuffled["index"][sides == "test"]) == set(expected)
    assert np.count_nonzero(sides == "validation") == 80
    assert set(sides) == {"train", "validation", "test"}


def test_the_stage_counts_sides_and_twins(hand_made: Any) -> None:
    products = frame_of([("même titre", "même image")] * 40)
    clean = hand_made.output("clean_products-v1-a", {"train.parquet": products})
    reported = hand_made.store.run(split_products, clean=clean, recipe=SplitRecipe(method="report"))
    assert reported.facts["title_twins_across"] == reported.facts["image_twins_across"] == 40
    by_title = hand_made.store.run(split_products, clean=clean, recipe=SplitRecipe())
    assert by_title.facts["title_twins_across"] == by_title.facts["image_twins_across"] == 0
    assert sum(by_title.facts[side] for side in SIDES) == 40
    written = pd.read_parquet(by_title.file("split.parquet"))
    assert written.columns.tolist() == ["productid", "prdtypecode", "side"]
    assert written["productid"].tolist() == products["productid"].tolist()


def test_titles_that_differ_in_case_accents_and_signs_are_twins() -> None:
    assert normalise_title("Bâche d'Été – n°2 !") == normalise_title("BACHE D ETE N 2") == "bachedeten2"
    assert normalise_title("игра") == "игра"
    assert normalise_title(" ?! ") == ""


def test_titles_that_differ_in_encoding_only_are_on_one_side() -> None:
    spellings = ["Chaise Œuvre d'été", "Chaise &OElig;uvre d&#39;&eacute;t&eacute;", "Chaise Å“uvre d'Ã©tÃ©"]
    rows: list[tuple[str, str | None]] = [(title, None) for title in spellings]
    for seed in range(20):
        assert len(set(by_content(frame_of(rows), EVEN.model_copy(update={"seed": seed})))) == 1


def test_too_few_products_for_a_random_draw_are_refused() -> None:
    with pytest.raises(InputError, match="at least 3 labelled products, got 2"):
        as_reported(frame_of([("a", None), ("b", None)]), SplitRecipe(method="report"))


def test_a_dump_without_labels_cannot_be_split(hand_made: Any) -> None:
    clean = hand_made.output("clean_products-v1-a", {"test.parquet": frame_of([("a", None)])})
    with pytest.raises(OutputError, match=r"train\.parquet"):
        hand_made.store.run(split_products, clean=clean, recipe=SplitRecipe())


def test_pooled_sides_leave_nothing_to_score(hand_made: Any) -> None:
    split = hand_made.split([10, 40, 10, 50], ["train", "validation", "test", "withheld"])
    pooled = pd.read_parquet(hand_made.store.run(pool_sides, split=split).file("split.parquet"))
    before = pd.read_parquet(split.file("split.parquet"))
    assert pooled["side"].tolist() == ["train"] * 4
    assert pooled.drop(columns="side").equals(before.drop(columns="side"))
