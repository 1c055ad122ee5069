"""What explains a decision's score, as the report shows it: lead, calibration, slices, oddities, what changed."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from rakuten.errors import InputError
from rakuten.evaluation.compare_models import DIFFERENCES
from rakuten.evaluation.comparison import TO_RIGHT, TO_WRONG, compare_predictions
from rakuten.evaluation.evaluate import METRICS, PER_CLASS, RELIABILITY_PICTURE
from rakuten.evaluation.predictions import read_predictions
from rakuten.evaluation.slices import SLICES
from rakuten.outputs import StageOutput
from rakuten.pages.page import picture
from rakuten.pages.tables import records
from rakuten.reporting.examples import EXAMPLES
from rakuten.reporting.scores import ScoreRow
from rakuten.reporting.thumbnails import THUMBNAILS
from rakuten.runs.run_outputs import FindingOutputs

SECTIONS = ("confusions", "label errors", "near-twins", "duplicates")


@dataclass(frozen=True)
class Example:
    """A product as it is shown.

    Attributes:
        productid, title, code: Of the product.
        note: What is said of it: a probability or a similarity; None: nothing.
        thumbnail: Data URL; None where there is no usable image.
    """

    productid: int
    title: str
    code: int
    note: float | None
    thumbnail: str | None


@dataclass(frozen=True)
class ExampleGroup:
    """Products that are shown together.

    Attributes:
        caption: What they have in common, as `pick_examples` wrote it.
        products: At least one.
    """

    caption: str
    products: tuple[Example, ...]

    @property
    def codes(self) -> tuple[int, ...]:
        """The class codes of a caption that names classes."""
        return tuple(int(code) for code in self.caption.split())


def explain(findings: FindingOutputs, rows: Sequence[ScoreRow], decided: ScoreRow) -> dict[str, Any]:
    """Variables of the sections that explain a score.

    Args:
        findings: As `render_report` takes them.
        rows: Scores of all models and fusions.
        decided: Of what decides.
    """
    without = findings.slices.facts["without_twins"]
    return {
        "differences": findings.differences.read_json(DIFFERENCES),
        "calibration": read_calibration(rows),
        "slices": read_slices(findings.slices),
        "twins": findings.near_twins.facts | {"all": decided.f1_weighted, "without": without},
        "label_errors": findings.label_errors.facts | {"key": findings.label_errors.key},
        "duplicates": findings.duplicates.facts,
        "examples": read_examples(findings.examples, findings.thumbnails),
        "fused": [row for row in rows if row.train_rows is None],
        "members": [row.name for row in rows if row.train_rows is not None],
        "support": _support(decided),
    }


def read_slices(slices: StageOutput) -> list[tuple[str, list[dict[str, Any]]]]:
    """Slices in groups, each a name and its rows."""
    rows = pd.read_parquet(slices.file(SLICES))
    return [(str(group), records(of_group)) for group, of_group in rows.groupby("group", sort=False)]


def read_examples(examples: StageOutput, thumbnails: StageOutput | None) -> dict[str, list[ExampleGroup]]:
    """The example products by section; every one of `SECTIONS` is there."""
    small = {} if thumbnails is None else _data_urls(thumbnails)
    found: dict[str, list[ExampleGroup]] = {section: [] for section in SECTIONS}
    rows = pd.read_parquet(examples.file(EXAMPLES))
    for (section, _), group in rows.groupby(["section", "group"], sort=True):
        shown = tuple(_example(row, small) for row in records(group))
        found[str(section)].append(ExampleGroup(str(group["caption"].iat[0]), shown))
    return found


def read_calibration(rows: Sequence[ScoreRow]) -> list[dict[str, Any]]:
    """Of every model and fusion: name, temperature, before, after, picture (data URL)."""
    return [
        {
            "name": row.name,
            **row.evaluation.read_json(METRICS)["calibration"],
            "picture": picture(row.evaluation.file(RELIABILITY_PICTURE)),
        }
        for row in rows
    ]


def what_changed(previous: StageOutput | None, decided: StageOutput) -> dict[str, Any] | None:
    """The decision beside that of an earlier run.

    Args:
        previous: Evaluation of the earlier decision; None where there is none.
        decided: Evaluation of this one.

    Returns:
        None where there is no earlier one; else name, key (of the earlier evaluation) and comparison: as
        `Comparison.as_json`, and to_right and to_wrong (products); None where both have no test product in common.
    """
    if previous is None:
        return None
    told = {"name": previous.read_json(METRICS)["name"], "key": previous.key}
    try:
        found = compare_predictions(read_predictions(previous), read_predictions(decided))
    except InputError:
        return told | {"comparison": None}
    flips = found.flips["flip"].value_counts()
    counts = {"to_right": int(flips.get(TO_RIGHT, 0)), "to_wrong": int(flips.get(TO_WRONG, 0))}
    return told | {"comparison": found.as_json() | counts}


def _support(decided: ScoreRow) -> dict[int, int]:
    table = pd.read_parquet(decided.evaluation.file(PER_CLASS), columns=["prdtypecode", "support"])
    return dict(zip(table["prdtypecode"].tolist(), table["support"].tolist(), strict=True))


def _example(row: Mapping[str, Any], small: Mapping[str, str]) -> Example:
    note = None if pd.isna(row["note"]) else float(row["note"])
    return Example(
        productid=int(row["productid"]),
        title=str(row["title"]),
        code=int(row["prdtypecode"]),
        note=note,
        thumbnail=small.get(row["image_digest"]),
    )


def _data_urls(thumbnails: StageOutput) -> dict[str, str]:
    rows = pd.read_parquet(thumbnails.file(THUMBNAILS))
    return {
        digest: f"data:image/webp;base64,{base64.b64encode(webp).decode()}"
        for digest, webp in zip(rows["digest"], rows["webp"], strict=True)
    }
