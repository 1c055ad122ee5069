"""Stage `score_slices`: metrics of subgroups (slices) of the test products."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.evaluation.near_twins import NEAR_TWINS
from rakuten.evaluation.predictions import read_predictions
from rakuten.evaluation.scores import accuracy, count_confusions, f1_weighted, f1_weighted_interval
from rakuten.outputs import StageOutput
from rakuten.stages import stage
from rakuten.text.inputs import read_part
from rakuten.text.language import guess_languages

SLICES = "slices.parquet"

# Maximum number of words of a short text, after cleaning.
SHORT = 5
NAMES = {"fr": "French", "en": "English", "de": "German", None: "language not told"}

Mask = npt.NDArray[np.bool_]


@stage(version=1, libraries=("numpy",))
def score_slices(out: Path, evaluation: StageOutput, clean: StageOutput, near_twins: StageOutput) -> dict[str, Any]:
    """Score slices of the test products: by description, image, text length, language, and near-twins.

    Language detection uses stop words (see `guess_languages`).

    Args:
        near_twins: `find_near_twins` of the same split.

    Returns:
        Facts: f1_weighted of all test products and of those without a near-twin.

    Output:
        slices.parquet: group, slice (text), rows, share (of the scored test products), accuracy, f1_weighted, low
            and high (95 % bootstrap confidence interval); scores are null for an empty slice.
    """
    predictions = read_predictions(evaluation)
    columns = ["designation", "description", "clean_text", "image_digest"]
    products = predictions.merge(read_part(clean, "train", columns), on="productid", how="left", validate="one_to_one")
    twins = pd.read_parquet(near_twins.file(NEAR_TWINS), columns=["productid", "kind"])
    slices = [("all", "all test products", np.ones(len(products), bool)), *_slices(products, twins)]
    scored = pd.DataFrame([{"group": group, "slice": name, **_score(products, mask)} for group, name, mask in slices])
    scored.to_parquet(out / SLICES, index=False)
    by_name = scored.set_index("slice")["f1_weighted"]
    return {"all": float(by_name["all test products"]), "without_twins": float(by_name[WITHOUT_TWIN])}


WITHOUT_TWIN = "no near-twin among train products"


def _slices(products: pd.DataFrame, twins: pd.DataFrame) -> list[tuple[str, str, Mask]]:
    described = (products["description"] != "").to_numpy()
    pictured = products["image_digest"].notna().to_numpy()
    short = (products["clean_text"].map(lambda text: len(text.split())) <= SHORT).to_numpy()
    languages = np.array(guess_languages((products["designation"] + " " + products["description"]).tolist()), object)
    by = {kind: products["productid"].isin(rows["productid"]).to_numpy() for kind, rows in twins.groupby("kind")}
    no = np.zeros(len(products), bool)
    by_text, by_image = by.get("text", no), by.get("image", no)
    return [
        ("description", "with a description", described),
        ("description", "no description", ~described),
        ("image", "with a usable image", pictured),
        ("image", "no usable image", ~pictured),
        ("length", f"short text, at most {SHORT} clean words", short),
        ("length", "longer text", ~short),
        *(("language", name, languages == language) for language, name in NAMES.items()),
        ("near-twins", "text nearly that of a train product", by_text),
        ("near-twins", "image that of a train product", by_image),
        ("near-twins", WITHOUT_TWIN, ~(by_text | by_image)),
    ]


def _score(products: pd.DataFrame, mask: Mask) -> dict[str, Any]:
    rows = products[mask]
    found: dict[str, Any] = {"rows": len(rows), "share": len(rows) / len(products)}
    if rows.empty:
        return found | dict.fromkeys(("accuracy", "f1_weighted", "low", "high"))
    counts = count_confusions(rows["prdtypecode"].to_numpy(np.int64), rows["predicted"].to_numpy(np.int64))
    low, high = f1_weighted_interval(counts)
    return found | {
        "accuracy": float(accuracy(counts)),
        "f1_weighted": float(f1_weighted(counts)),
        "low": low,
        "high": high,
    }
