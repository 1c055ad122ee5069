"""The stage that counts: classes, missing values, lengths, languages and residue, in all and by class."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq

from rakuten.catalogue.classes import CLASSES, CODES
from rakuten.dumps.layout import PARTS
from rakuten.dumps.products import REJECTED_FILE
from rakuten.exploration.profile import IMAGE_STATES, read_profile
from rakuten.exploration.texts import LANGUAGES, UNKNOWN
from rakuten.outputs import StageOutput
from rakuten.stages import stage
from rakuten.statistics.counts import imbalance, wilson
from rakuten.text.markup_residue import KINDS

CLASSES_FILE = "classes.parquet"
MISSING_FILE = "missing.parquet"
LENGTHS_FILE = "lengths.parquet"
LENGTH_BINS_FILE = "length_bins.parquet"
LANGUAGES_FILE = "languages.parquet"
RESIDUE_SHARES_FILE = "residue_shares.parquet"
REJECTED_COUNTS_FILE = "rejected.parquet"

TEXT_COLUMNS = ("designation", "description", "text")
UNITS = ("words", "characters")
QUANTILES = {"p5": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "longest": 1.0}
# Bins of equal width on a logarithmic scale, on which lengths look like bells.
BINS_A_DECADE = 12


@stage(version=1)
def describe_products(out: Path, profile: StageOutput, products: StageOutput) -> dict[str, Any]:
    """Count the products of a dump, in all and by class.

    Args:
        out: Work folder.
        profile: `profile_products`.
        products: `read_products`, which knows what could not be read.

    Returns:
        Numbers of products by part, labelled, without description; of classes; figures of imbalance where there are
        labels.

    Output:
        classes.parquet: all 27 classes: prdtypecode, label, label_fr, products, share, of_largest (products over those
            of the largest class), published (products in the challenge's data), published_share, without_description,
            missing_share and its 95 % interval missing_low to missing_high. Absent for a dump without labels.
        missing.parquet: part, column, products, missing, missing_share.
        lengths.parquet: prdtypecode (null: all products), column, unit, products, mean, p5 … p95, longest.
        length_bins.parquet: column, unit, low, high (exclusive), products: histogram of all products.
        languages.parquet: prdtypecode (null: all products), language, products, share.
        residue_shares.parquet: column, kind, products, share of the products that have the column.
        rejected.parquet: part, reason, records that could not be read.
    """
    frame = read_profile(profile)
    labelled = frame[frame["prdtypecode"].notna()]
    facts = _facts(frame, labelled)
    if len(labelled):
        _classes(labelled).to_parquet(out / CLASSES_FILE, index=False)
    _missing(frame).to_parquet(out / MISSING_FILE, index=False)
    _lengths(frame, labelled).to_parquet(out / LENGTHS_FILE, index=False)
    _length_bins(frame).to_parquet(out / LENGTH_BINS_FILE, index=False)
    _languages(frame, labelled).to_parquet(out / LANGUAGES_FILE, index=False)
    _residue(frame).to_parquet(out / RESIDUE_SHARES_FILE, index=False)
    rejected = pq.read_table(products.file(REJECTED_FILE), columns=["part", "reason"]).to_pandas()
    counted = rejected.groupby(["part", "reason"]).size().rename("records").reset_index()
    counted.to_parquet(out / REJECTED_COUNTS_FILE, index=False)
    return facts | {"rejected": len(rejected)}


def by_group(frame: pd.DataFrame, labelled: pd.DataFrame) -> Iterator[tuple[int | None, pd.DataFrame]]:
    """All products (None), then those of each class that has any, by code."""
    yield None, frame
    codes = labelled["prdtypecode"].to_numpy(np.int64)
    for code in CODES:
        members = labelled[codes == code]
        if len(members):
            yield code, members


def _facts(frame: pd.DataFrame, labelled: pd.DataFrame) -> dict[str, Any]:
    parts = {f"{part}_products": int((frame["part"] == part).sum()) for part in PARTS}
    facts: dict[str, Any] = {
        "products": len(frame),
        **parts,
        "labelled": len(labelled),
        "without_description": int(frame["description_words"].isna().sum()),
    }
    if len(labelled):
        found = imbalance(labelled["prdtypecode"].value_counts().to_numpy(np.int64))
        facts |= {name: round(float(value), 4) for name, value in vars(found).items()}
    return facts


def _classes(labelled: pd.DataFrame) -> pd.DataFrame:
    codes = labelled["prdtypecode"].to_numpy(np.int64)
    without = labelled["description_words"].isna().to_numpy()
    counts = np.array([np.count_nonzero(codes == code) for code in CODES])
    missing = np.array([np.count_nonzero(without[codes == code]) for code in CODES])
    published = np.array([product_class.published_count for product_class in CLASSES])
    intervals = [wilson(int(count), int(total)) for count, total in zip(missing, counts, strict=True)]
    return pd.DataFrame(
        {
            "prdtypecode": CODES,
            "label": [product_class.label for product_class in CLASSES],
            "label_fr": [product_class.label_fr for product_class in CLASSES],
            "products": counts,
            "share": counts / counts.sum(),
            "of_largest": counts / counts.max(),
            "published": published,
            "published_share": published / published.sum(),
            "without_description": missing,
            "missing_share": np.where(counts > 0, missing / np.maximum(counts, 1), np.nan),
            "missing_low": [low for low, _ in intervals],
            "missing_high": [high for _, high in intervals],
        }
    )


def _missing(frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for part, members in frame.groupby("part", sort=False):
        usable = members["image_state"]
        absent = {
            # A title of nothing but blanks is none; the contracts quarantine it.
            "designation": members["designation_words"] == 0,
            "description": members["description_words"].isna(),
            "prdtypecode": members["prdtypecode"].isna(),
            **{f"image: {state}": usable == state for state in IMAGE_STATES[1:]},
        }
        for column, is_absent in absent.items():
            count = int(is_absent.sum())
            rows.append(
                {
                    "part": part,
                    "column": column,
                    "products": len(members),
                    "missing": count,
                    "missing_share": count / len(members),
                }
            )
    return pd.DataFrame(rows)


def _lengths(frame: pd.DataFrame, labelled: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for code, members in by_group(frame, labelled):
        for column in TEXT_COLUMNS:
            for unit in UNITS:
                lengths = members[f"{column}_{unit}"].dropna().to_numpy(np.float64)
                if not len(lengths):
                    continue
                quantiles = np.quantile(lengths, list(QUANTILES.values()))
                figures = dict(zip(QUANTILES, quantiles.tolist(), strict=True))
                row = {"prdtypecode": code, "column": column, "unit": unit, "products": len(lengths)}
                rows.append(row | {"mean": float(lengths.mean())} | figures)
    return pd.DataFrame(rows).astype({"prdtypecode": "Int64"})


def length_edges(longest: float) -> npt.NDArray[np.int64]:
    """Bounds of bins of whole numbers from 1, of about equal width on a logarithmic scale, the last one beyond all."""
    decades = np.log10(max(longest, 1)) + 1 / BINS_A_DECADE
    edges = np.unique(np.round(10 ** np.arange(0, decades + 1e-9, 1 / BINS_A_DECADE)).astype(np.int64))
    return edges if edges[-1] > longest else np.append(edges, int(longest) + 1)


def _length_bins(frame: pd.DataFrame) -> pd.DataFrame:
    tables = []
    for column in TEXT_COLUMNS:
        for unit in UNITS:
            lengths = frame[f"{column}_{unit}"].dropna().to_numpy(np.float64)
            if not len(lengths):
                continue
            # A text of nothing that a reader sees stands with the shortest.
            edges = length_edges(lengths.max())
            counts, _ = np.histogram(np.maximum(lengths, 1), edges)
            table = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "products": counts})
            tables.append(table.assign(column=column, unit=unit))
    return pd.concat(tables, ignore_index=True)[["column", "unit", "low", "high", "products"]]


def _languages(frame: pd.DataFrame, labelled: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for code, members in by_group(frame, labelled):
        counts = members["language"].value_counts()
        for language in (*LANGUAGES, UNKNOWN):
            count = int(counts.get(language, 0))
            rows.append({"prdtypecode": code, "language": language, "products": count, "share": count / len(members)})
    return pd.DataFrame(rows).astype({"prdtypecode": "Int64"})


def _residue(frame: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for column, present in (
        ("designation", len(frame)),
        ("description", int(frame["description_words"].notna().sum())),
    ):
        counts = frame[f"{column}_residue"].explode().value_counts()
        for kind in KINDS:
            count = int(counts.get(kind, 0))
            rows.append({"column": column, "kind": kind, "products": count, "share": count / max(present, 1)})
    return pd.DataFrame(rows)
