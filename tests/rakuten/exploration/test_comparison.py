"""What came, went and changed is told product by product; shifts that were made are seen, others are not invented."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rakuten.exploration.comparison import find_changes

Edit = Callable[[pd.DataFrame, pd.DataFrame], tuple[pd.DataFrame, pd.DataFrame]]


def edited(dump: Path, target: Path, edit: Edit) -> Path:
    """A copy of a dump whose labelled products and labels were edited."""
    shutil.copytree(dump, target)
    products = pd.read_csv(target / "X_train_update.csv", index_col=0, keep_default_na=False)
    labels = pd.read_csv(target / "y_train_CVw08PX.csv", index_col=0)
    products, labels = edit(products, labels)
    products.to_csv(target / "X_train_update.csv")
    labels.to_csv(target / "y_train_CVw08PX.csv")
    return target


def shifts(compared: Any) -> pd.DataFrame:
    return pd.read_parquet(compared.file("shifts.parquet")).set_index("measure")


def test_a_dump_compared_with_itself_has_no_shift(generated: Any) -> None:
    compared = generated.compared_with(generated)
    assert compared.facts["unchanged"] == generated.described.facts["products"]
    assert [compared.facts[change] for change in ("new", "gone", "changed")] == [0, 0, 0]
    table = shifts(compared)
    assert (table["psi"] == 0).all()
    assert set(table["verdict"]) == {"none"}


def test_each_edited_product_is_told_and_the_shift_it_makes(generated: Any, explore_in: Any, tmp_path: Path) -> None:
    def edit(products: pd.DataFrame, labels: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        products.loc[products.index[:300], "description"] = ""
        products.loc[products.index[400], "designation"] = "tout autre chose"
        gone = products.index[500:520]
        return products.drop(gone), labels.drop(gone)

    compared = explore_in(edited(generated.dump, tmp_path / "later", edit)).compared_with(generated)
    changes = pd.read_parquet(compared.file("changes.parquet"))
    assert compared.facts["gone"] == 20
    assert compared.facts["new"] == 0
    assert changes["what"].value_counts()["title"] == 1
    lost = changes[changes["what"] == "description"]
    assert 150 < len(lost) <= 300
    table = shifts(compared)
    assert table.loc["has description", "verdict"] == "large"
    assert table.loc["has description", "typical_after"] < table.loc["has description", "typical_before"]
    for untouched in ("class", "brightness", "image bytes", "designation words"):
        assert not table.loc[untouched, "matters"], untouched
    cells = pd.read_parquet(compared.file("cells.parquet"))
    assert cells.groupby("measure")[["before", "after"]].sum().to_numpy() == pytest.approx(1)


def test_another_mix_of_classes_is_seen_in_labels_and_words(generated: Any, explore_in: Any, tmp_path: Path) -> None:
    def edit(products: pd.DataFrame, labels: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
        kept = labels.index[labels["prdtypecode"].isin([10, 2280, 2403, 2705, 2583])]
        return products.loc[kept], labels.loc[kept]

    compared = explore_in(edited(generated.dump, tmp_path / "books", edit)).compared_with(generated)
    table = shifts(compared)
    assert table.loc["class", "verdict"] == "large"
    assert table.loc["vocabulary", "matters"]
    moved = pd.read_parquet(compared.file("moved_words.parquet"))
    risen = moved[moved["score"] > 0]
    assert (risen["after"] > risen["before"]).all()


def test_both_parts_of_a_generated_dump_are_alike(generated: Any) -> None:
    table = shifts(generated.parts)
    assert "class" not in table.index
    assert not table["matters"].any()


def test_changes_are_told_by_field() -> None:
    old = pd.DataFrame(
        {
            "productid": [1, 2, 3, 4],
            "designation_digest": ["a", "b", "c", "d"],
            "description_digest": [None, "x", "y", None],
            "prdtypecode": pd.array([10, 10, None, 40], dtype="Int64"),
            "image_digest": ["i", "j", None, "l"],
        }
    )
    new = old.iloc[[3, 2, 1]].assign(
        productid=[4, 3, 5],
        designation_digest=["e", "c", "b"],
        image_digest=["m", None, "j"],
        prdtypecode=pd.array([40, 50, 10], dtype="Int64"),
    )
    assert find_changes(old, new).to_dict("records") == [
        {"productid": 3, "change": "changed", "what": "label"},
        {"productid": 4, "change": "changed", "what": "title, image"},
        {"productid": 1, "change": "gone", "what": ""},
        {"productid": 2, "change": "gone", "what": ""},
        {"productid": 5, "change": "new", "what": ""},
    ]
