"""Photos are described by kind, ground and mean; contact sheets show the same ones every time."""

from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from rakuten.exploration.samples import GAP, PER_CLASS, SHEET_SIDE
from rakuten.images.arrays import ImageArrays


def test_every_product_has_a_state_and_every_photo_a_kind(generated: Any) -> None:
    states = pd.read_parquet(generated.images.file("image_states.parquet"))
    assert states["products"].sum() == generated.described.facts["products"]
    kinds = pd.read_parquet(generated.images.file("image_files.parquet"))
    assert kinds["products"].sum() == generated.images.facts["usable"]
    assert set(kinds["width"]) == {64}


def test_white_grounds_add_up_over_classes(generated: Any) -> None:
    grounds = pd.read_parquet(generated.images.file("image_grounds.parquet"))
    overall, classes = grounds[grounds["prdtypecode"].isna()].iloc[0], grounds[grounds["prdtypecode"].notna()]
    # The test part has no labels.
    assert classes["products"].sum() < overall["products"] == generated.images.facts["usable"]
    assert overall["white_low"] < overall["white_share"] < overall["white_high"]
    assert round(overall["white_share"], 4) == generated.images.facts["white_share"]


def test_histograms_hold_every_photo_once(generated: Any) -> None:
    totals = pd.read_parquet(generated.images.file("image_bins.parquet")).groupby("measure")["products"].sum()
    assert (totals[["bytes", "brightness", "rim_white"]] == generated.images.facts["usable"]).all()


def test_the_mean_photo_is_the_mean_of_the_squares(generated: Any) -> None:
    profile = pd.read_parquet(generated.profile.file("products.parquet"))
    members = profile[(profile["prdtypecode"] == 2705) & (profile["image_state"] == "usable")]
    squares = ImageArrays(generated.squares.folder, "pixels").gather(members["image_digest"].tolist())
    drawn = np.asarray(Image.open(generated.images.file("means/2705.png")))
    assert np.abs(drawn - squares.astype(float).mean(axis=0)).max() <= 0.5


def test_contact_sheets_show_photos_of_their_class(generated: Any) -> None:
    samples = pd.read_parquet(generated.samples.file("samples.parquet"))
    profile = pd.read_parquet(generated.profile.file("products.parquet"))
    labels = samples.merge(profile[["part", "productid", "prdtypecode"]], on=["part", "productid"])
    assert (labels["sheet"].astype(int) == labels["prdtypecode"]).all()
    assert samples.groupby("sheet").size().max() == PER_CLASS
    assert not samples.duplicated(["sheet", "image_digest"]).any()
    sheet = Image.open(generated.samples.file("sheets/2583.webp"))
    assert sheet.size == (PER_CLASS * (SHEET_SIDE + GAP) - GAP, SHEET_SIDE)
