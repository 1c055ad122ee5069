"""Drift detection: data drift and prediction drift of a dump against the champion's training data.

Data drift (lengths, languages, words, missing values, images, labels) comes from `compare_profiles`; prediction drift
(predicted classes, confidence) is measured here. Each measure is a population stability index (PSI) with a threshold
from a permutation test, which takes into account the number of products and how many of them are in both dumps. With
too few products the result is "too few", not "none". An alarm does not trigger a retraining: the nightly run does
that anyway.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rakuten.catalogue.classes import CODES
from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.evaluation.predictions import read_predictions
from rakuten.exploration.comparison import CHANGES_FILE, SHIFTS_FILE, shift_row
from rakuten.outputs import StageOutput
from rakuten.stages import stage
from rakuten.statistics.population_shift import TOO_FEW, Integers, shift_of_counts, shift_of_values

DRIFT_FILE = "drift.parquet"
ALARMS_FILE = "alarms.json"
CLASS, CONFIDENCE = "predicted class", "confidence"


@stage(version=2, libraries=("numpy", "scipy"))
def measure_drift(out: Path, comparison: StageOutput, known: StageOutput, answers: StageOutput) -> dict[str, Any]:
    """Measure data drift and prediction drift of a dump against the champion's training data.

    Args:
        comparison: `compare_profiles` of the champion's dump and this one.
        known: `evaluate` of the champion on its own dump, with its predictions of the test products.
        answers: Predictions for products of this dump that it was not trained on; has `probabilities.parquet`.

    Returns:
        Facts: measures, alarms (names of measures with drift, comma-separated), too_few (names of measures with too few
        products, comma-separated).

    Output:
        drift.parquet: As shifts.parquet of `compare_profiles`, with two measures of the subject "answers".
        alarms.json: One line for each measure with drift.
    """
    shifts = pd.read_parquet(comparison.file(SHIFTS_FILE))
    shifts = pd.concat([pd.DataFrame(list(_answers(comparison, known, answers))), shifts], ignore_index=True)
    alarming = shifts[shifts["matters"]]
    shifts.to_parquet(out / DRIFT_FILE, index=False)
    lines = [_tell(row) for row in _records(alarming)]
    (out / ALARMS_FILE).write_text(json.dumps(lines, indent=2, ensure_ascii=False), "utf-8")
    too_few = shifts.loc[shifts["verdict"] == TOO_FEW, "measure"]
    return {"measures": len(shifts), "alarms": ", ".join(alarming["measure"]), "too_few": ", ".join(too_few)}


def read_drift(drift: StageOutput) -> list[dict[str, Any]]:
    """Read the drift table for display: measures with drift first, then by descending PSI."""
    table = pd.read_parquet(drift.file(DRIFT_FILE)).sort_values(["matters", "psi"], ascending=False, kind="stable")
    shown = ["means", "verdict", "psi", "threshold", "typical_before", "typical_after", "before", "after"]
    rounded = table[shown].round({"psi": 4, "threshold": 4, "typical_before": 3, "typical_after": 3})
    return _records(rounded.astype(object).where(rounded.notna(), None))


def read_alarms(drift: StageOutput) -> list[str]:
    """Read the drift alarms, one line for each measure with drift."""
    lines: list[str] = drift.read_json(ALARMS_FILE)
    return lines


def tell_drift(drift: StageOutput) -> list[str]:
    """Format alarms for display, with a list of the measures that have too few products."""
    lines = read_alarms(drift) or ["no alarm: what differs is what chance explains, or too little to matter"]
    too_few = drift.facts.get("too_few")
    return [*lines, f"{TOO_FEW}: {too_few}"] if too_few else lines


def _answers(comparison: StageOutput, known: StageOutput, answers: StageOutput) -> Iterator[dict[str, Any]]:
    """Prediction drift: PSI of predicted classes and of confidence."""
    before, given = read_predictions(known), Probabilities.read(answers.file(PROBABILITIES))
    # Rounded, because last digits depend on the batch size and could move values across bin edges.
    before = before.assign(confidence=before["confidence"].round(4))
    after = pd.DataFrame(
        {
            "productid": given.productids,
            "predicted": given.predicted,
            "confidence": given.values.max(axis=1, initial=0).astype(np.float64).round(4),
        }
    )
    changed = pd.read_parquet(comparison.file(CHANGES_FILE), columns=["productid"])["productid"]
    both = before.merge(after, on="productid", suffixes=("", "_after"))
    both = both[~both["productid"].isin(changed)]
    same_class = both.loc[both["predicted"] == both["predicted_after"], "predicted"]
    classes = shift_of_counts(_count(before["predicted"]), _count(after["predicted"]), shared=_count(same_class))
    yield shift_row(CLASS, "answers", "class that the champion predicts", classes)
    same_confidence = both.loc[both["confidence"] == both["confidence_after"], "confidence"]
    samples = [values.to_numpy(np.float64) for values in (before["confidence"], after["confidence"], same_confidence)]
    confidence = shift_of_values(samples[0], samples[1], shared=samples[2])
    typical = (float(np.median(samples[0])), float(np.median(samples[1]))) if len(before) and len(after) else None
    yield shift_row(CONFIDENCE, "answers", "confidence of the champion", confidence, typical)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False)]


def _count(codes: "pd.Series[int]") -> Integers:
    return np.array([(codes == code).sum() for code in CODES], np.int64)


def _tell(row: dict[str, Any]) -> str:
    words = f"{row['means']}: {row['verdict']} shift, {row['psi']:.3f} where {row['threshold']:.3f} is borne"
    if pd.notna(row["typical_before"]):
        words += f" ({row['typical_before']:.4g} → {row['typical_after']:.4g})"
    return words
