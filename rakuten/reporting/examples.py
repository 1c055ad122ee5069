"""The stage that picks the products a report shows: what figures of thousands of products look like one by one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rakuten.evaluation.duplicates import CONFLICTS
from rakuten.evaluation.evaluate import CONFUSIONS
from rakuten.evaluation.label_errors import LABEL_ERRORS
from rakuten.evaluation.near_twins import NEAR_TWINS
from rakuten.evaluation.predictions import read_predictions
from rakuten.normalisation import plain_text
from rakuten.outputs import StageOutput
from rakuten.pages.tables import records
from rakuten.stages import stage
from rakuten.text.inputs import read_part

EXAMPLES = "examples.parquet"

CONFUSIONS_SHOWN = 8
OF_EACH_CONFUSION = 4
LABEL_ERRORS_SHOWN = 12
TWINS_OF_EACH_KIND = 4
CONFLICTS_SHOWN = 6
OF_EACH_CONFLICT = 3
LONGEST_TITLE = 90

COLUMNS = ["section", "group", "caption", "productid", "note"]


@stage(version=1)
def pick_examples(
    out: Path,
    evaluation: StageOutput,
    clean: StageOutput,
    label_errors: StageOutput,
    near_twins: StageOutput,
    duplicates: StageOutput,
) -> dict[str, Any]:
    """Pick example products of the worst confusions, suspected label errors, near-twins and conflicting duplicates.

    Args:
        out: Work folder.
        evaluation: `evaluate` of what decides.
        clean: `clean_products`.
        label_errors: `find_label_errors`.
        near_twins: `find_near_twins`.
        duplicates: `find_duplicates`.

    Returns:
        Facts: products.

    Output:
        examples.parquet: section ("confusions", "label errors", "near-twins", "duplicates"), group (products that are
            shown together), caption (of the group: "10 40", two class codes, or a kind), productid, note (a probability
            or similarity, null where there is none), title, prdtypecode, image_digest.
    """
    rows = [
        *_of_confusions(evaluation),
        *_of_label_errors(label_errors),
        *_of_near_twins(near_twins),
        *_of_duplicates(duplicates),
    ]
    picked = pd.DataFrame(rows, columns=COLUMNS).astype({"productid": np.int64, "note": np.float64})
    products = read_part(clean, "train", ["prdtypecode", "designation", "image_digest"])
    shown = picked.merge(products, on="productid", how="left", validate="many_to_one")
    shown["title"] = shown.pop("designation").map(_short_title)
    shown.to_parquet(out / EXAMPLES, index=False)
    return {"products": len(shown)}


Row = tuple[str, int, str, int, float | None]


def _of_confusions(evaluation: StageOutput) -> Iterator[Row]:
    """Of each of the most frequent confusions the surest answers."""
    confusions = pd.read_parquet(evaluation.file(CONFUSIONS))
    frequent = confusions.sort_values("count", ascending=False, kind="stable").head(CONFUSIONS_SHOWN)
    predictions = read_predictions(evaluation).sort_values(["confidence", "productid"], ascending=[False, True])
    for group, pair in enumerate(records(frequent)):
        code, taken_for = pair["prdtypecode"], pair["taken_for"]
        confused = predictions[(predictions["prdtypecode"] == code) & (predictions["predicted"] == taken_for)]
        for row in records(confused.head(OF_EACH_CONFUSION)):
            yield "confusions", group, f"{code} {taken_for}", row["productid"], row["confidence"]


def _of_label_errors(label_errors: StageOutput) -> Iterator[Row]:
    suspected = pd.read_parquet(label_errors.file(LABEL_ERRORS)).head(LABEL_ERRORS_SHOWN)
    for group, row in enumerate(records(suspected)):
        yield "label errors", group, f"{row['given']} {row['suggested']}", row["productid"], row["confidence"]


def _of_near_twins(near_twins: StageOutput) -> Iterator[Row]:
    """The pairs that are likest, of each kind; the test product first."""
    twins = pd.read_parquet(near_twins.file(NEAR_TWINS)).sort_values("similarity", ascending=False, kind="stable")
    for group, row in enumerate(records(twins.groupby("kind", sort=False).head(TWINS_OF_EACH_KIND))):
        for productid in (row["productid"], row["twin"]):
            yield "near-twins", group, row["kind"], productid, row["similarity"]


def _of_duplicates(duplicates: StageOutput) -> Iterator[Row]:
    """The largest groups of the strictest kinds first: same text, same image, same title."""
    conflicts = pd.read_parquet(duplicates.file(CONFLICTS))
    groups = [
        (kind, rows)
        for kind in ("text", "image", "title")
        for _, rows in conflicts[conflicts["kind"] == kind].groupby("group", sort=True)
    ]
    for group, (kind, rows) in enumerate(groups[:CONFLICTS_SHOWN]):
        # One of each class first: they are the conflict.
        ordered = rows.assign(again=rows.groupby("prdtypecode").cumcount()).sort_values(["again", "productid"])
        for productid in ordered["productid"].head(OF_EACH_CONFLICT):
            yield "duplicates", group, kind, int(productid), None


def _short_title(title: str) -> str:
    text = " ".join(plain_text(title).split())
    return text if len(text) <= LONGEST_TITLE else text[: LONGEST_TITLE - 1].rstrip() + "…"
