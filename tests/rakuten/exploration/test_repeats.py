"""Repetitions are counted by kind, and groups whose labels contradict each other are put up for review."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

ROWS = """,designation,description,productid,imageid
0,Piscine ronde,belle,11,1
1,PISCINE RONDE,belle,12,2
2,Livre ancien,,13,3
3,Lampe,laide,14,4
4,Tasse,,15,5
"""


def photo(seed: int, quality: int = 90) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((120, 120), Image.Resampling.BICUBIC).save(file, "JPEG", quality=quality)
    return file.getvalue()


@pytest.fixture(scope="module")
def explored(explore_in: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    dump: Path = tmp_path_factory.mktemp("repeats") / "dump"
    images = dump / "images/image_train"
    images.mkdir(parents=True)
    (dump / "X_train_update.csv").write_text(ROWS, "utf-8")
    (dump / "y_train_CVw08PX.csv").write_text(",prdtypecode\n0,2583\n1,10\n2,10\n3,40\n4,40\n", "utf-8")
    photos = {(1, 11): photo(1), (2, 12): photo(2), (3, 13): photo(3), (4, 14): photo(3), (5, 15): photo(2, 60)}
    for (imageid, productid), data in photos.items():
        (images / f"image_{imageid}_product_{productid}.jpg").write_bytes(data)
    return explore_in(dump)


@pytest.fixture(scope="module")
def review(explored: Any) -> dict[str, dict[str, Any]]:
    table = pd.read_parquet(explored.repeats.file("review.parquet"))
    return {row["kind"]: row for row in table.to_dict("records")}


def test_each_kind_of_repetition_is_counted(explored: Any) -> None:
    table = pd.read_parquet(explored.repeats.file("repeats.parquet")).set_index("kind")
    assert table["groups"].to_dict() == {
        "imageid": 0, "title": 1, "description": 1, "text": 1, "image": 1, "picture": 1,
    }  # fmt: skip
    assert table.loc["title", ["products", "surplus", "groups_with_several_labels"]].tolist() == [2, 1, 1]
    assert table.loc["description", "share"] == pytest.approx(1 / 3)
    assert table.loc["image", "share"] == pytest.approx(1 / 5)


def test_one_image_under_two_labels_is_to_be_reviewed(review: dict[str, dict[str, Any]]) -> None:
    assert list(review["image"]["productids"]) == [13, 14]
    assert list(review["image"]["prdtypecodes"]) == [10, 40]


def test_one_picture_saved_twice_under_two_labels_is_to_be_reviewed(review: dict[str, dict[str, Any]]) -> None:
    assert list(review["picture"]["productids"]) == [12, 15]


def test_one_title_with_two_photos_and_labels_is_to_be_reviewed(review: dict[str, dict[str, Any]]) -> None:
    assert list(review["title"]["productids"]) == [11, 12]


def test_twins_of_the_generated_dump_are_found(generated: Any) -> None:
    table = pd.read_parquet(generated.repeats.file("repeats.parquet")).set_index("kind")
    assert 0.01 < table.loc["title", "share"] < 0.06
    assert 0.03 < table.loc["image", "share"] < 0.10
    members = pd.read_parquet(generated.repeats.file("repeated_products.parquet"))
    assert (members.groupby(["kind", "group"]).size() > 1).all()
