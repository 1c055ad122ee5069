"""The stage that describes photos: what files they are, how white their ground is, the mean photo of each class."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from rakuten.exploration.products import by_group
from rakuten.exploration.profile import IMAGE_STATES, read_profile
from rakuten.images.arrays import ImageArrays
from rakuten.images.measures import WHITE_GROUND_FROM
from rakuten.images.resizing import PIXELS
from rakuten.outputs import StageOutput, report_progress
from rakuten.stages import stage
from rakuten.statistics.counts import cramers_v, wilson

STATES_FILE = "image_states.parquet"
FILES_FILE = "image_files.parquet"
MEASURES_FILE = "image_measures.parquet"
BINS_FILE = "image_bins.parquet"
GROUNDS_FILE = "image_grounds.parquet"
MEANS_FOLDER = "means"
ALL = "all"

# Measures that are drawn as a histogram, with the bounds of their bins.
BINNED: dict[str, npt.NDArray[np.float64]] = {
    "bytes": np.round(10 ** np.arange(3, 6.51, 0.125)),
    "crop_gain": np.array([1, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5, 1.75, 2, 2.5, 3, np.inf]),
    "brightness": np.linspace(0, 1, 26),
    "rim_white": np.linspace(0, 1, 21),
}
# Sides below which a photo has less than the smallest input of a pre-trained network.
TINY_SIDE = 96
_GATHERED = 1000


@stage(version=1, libraries=("pillow",))
def describe_images(out: Path, profile: StageOutput, squares: StageOutput) -> dict[str, Any]:
    """Describe the images of a dump, in all and by class.

    Args:
        out: Work folder.
        profile: `profile_products`.
        squares: `resize_images`.

    Returns:
        Numbers of products with a usable image, of progressive and tiny ones; share on a white ground; how closely the
        white ground goes with the class (`cramers_v`, null where it cannot be told); median crop gain.

    Output:
        image_states.parquet: part, state (one of `IMAGE_STATES`), products.
        image_files.parquet: width, height, mode, progressive, products, the most frequent first.
        image_measures.parquet: measure, products, mean, p5, p25, median, p75, p95.
        image_bins.parquet: measure, low, high, products: histograms.
        image_grounds.parquet: prdtypecode (null: all products), products, white_ground (products), white_share and its
            95 % interval white_low to white_high, crop_gain (median), gains (share of products that a crop would show
            a quarter larger or more), filled (median).
        means/: mean photo of each class, <prdtypecode>.png, and of all products, all.png.
    """
    frame = read_profile(profile)
    states = frame.groupby(["part", "image_state"]).size().rename("products").reset_index()
    states = states.rename(columns={"image_state": "state"})
    states.sort_values("state", key=lambda column: column.map(IMAGE_STATES.index)).to_parquet(
        out / STATES_FILE, index=False
    )
    usable = frame[frame["image_state"] == "usable"]
    labelled = usable[usable["prdtypecode"].notna()]
    kinds = usable.groupby(["width", "height", "mode", "progressive"]).size().rename("products").reset_index()
    kinds = kinds.sort_values("products", ascending=False, kind="stable")
    kinds.to_parquet(out / FILES_FILE, index=False)
    _measures(usable).to_parquet(out / MEASURES_FILE, index=False)
    _bins(usable).to_parquet(out / BINS_FILE, index=False)
    _grounds(usable, labelled).to_parquet(out / GROUNDS_FILE, index=False)
    _means(ImageArrays(squares.folder, PIXELS), usable, labelled, out / MEANS_FOLDER)
    return _facts(usable, labelled)


def is_on_white(frame: pd.DataFrame) -> "pd.Series[bool]":
    """Whether each product's photo shows it on a white ground."""
    return frame["rim_white"] >= WHITE_GROUND_FROM


def _facts(usable: pd.DataFrame, labelled: pd.DataFrame) -> dict[str, Any]:
    if usable.empty:
        return {"usable": 0}
    table = pd.crosstab(labelled["prdtypecode"], is_on_white(labelled)).to_numpy(np.int64)
    association = cramers_v(table) if table.size else float("nan")
    gain = usable["crop_gain"].median()
    return {
        "usable": len(usable),
        "progressive": int(usable["progressive"].sum()),
        "tiny": int((usable[["width", "height"]].min(axis=1) < TINY_SIDE).sum()),
        "white_share": round(float(is_on_white(usable).mean()), 4),
        "white_and_class": None if np.isnan(association) else round(association, 4),
        "crop_gain": None if np.isnan(gain) else round(float(gain), 4),
    }


def _measures(usable: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for measure in (
        "bytes",
        "width",
        "height",
        "rim_white",
        "filled",
        "crop_gain",
        "brightness",
        "contrast",
        "saturation",
    ):
        values = usable[measure].dropna().to_numpy(np.float64)
        if not len(values):
            continue
        quantiles = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95]).tolist()
        figures = dict(zip(("p5", "p25", "median", "p75", "p95"), quantiles, strict=True))
        rows.append({"measure": measure, "products": len(values), "mean": float(values.mean()), **figures})
    return pd.DataFrame(rows, columns=["measure", "products", "mean", "p5", "p25", "median", "p75", "p95"])


def _bins(usable: pd.DataFrame) -> pd.DataFrame:
    tables = []
    for measure, edges in BINNED.items():
        values = usable[measure].dropna().to_numpy(np.float64)
        counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
        tables.append(pd.DataFrame({"measure": measure, "low": edges[:-1], "high": edges[1:], "products": counts}))
    return pd.concat(tables, ignore_index=True)


def _grounds(usable: pd.DataFrame, labelled: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for code, members in by_group(usable, labelled):
        white = int(is_on_white(members).sum())
        low, high = wilson(white, len(members))
        rows.append(
            {
                "prdtypecode": code,
                "products": len(members),
                "white_ground": white,
                "white_share": white / max(len(members), 1),
                "white_low": low,
                "white_high": high,
                "crop_gain": members["crop_gain"].median(),
                "gains": float((members["crop_gain"] >= 1.25).mean()) if len(members) else np.nan,
                "filled": members["filled"].median(),
            }
        )
    return pd.DataFrame(rows).astype({"prdtypecode": "Int64"})


def _means(arrays: ImageArrays, usable: pd.DataFrame, labelled: pd.DataFrame, folder: Path) -> None:
    """The mean of all pixels of each class, and of all products."""
    folder.mkdir(exist_ok=True)
    if usable.empty:
        return
    groups = list(by_group(usable, labelled))
    for done, (code, members) in enumerate(groups):
        report_progress(done, len(groups), "mean images")
        total = np.zeros(arrays.shape, np.float64)
        digests = members["image_digest"].tolist()
        for start in range(0, len(digests), _GATHERED):
            total += arrays.gather(digests[start : start + _GATHERED]).sum(axis=0, dtype=np.float64)
        mean = np.round(total / len(digests)).astype(np.uint8)
        Image.fromarray(mean).save(folder / f"{ALL if code is None else code}.png")
    report_progress(len(groups), len(groups), "mean images")
