"""Drift: whether a dump still looks like the one that the champion learnt from, to people and to the champion.

What people see (lengths, languages, words, missing values, photos, labels) is compared by `compare_profiles`; here it
is joined by what the champion says of both: the classes it gives, and how sure it is. Every measure has a threshold
that knows how many products were compared, and how many of them are the same ones. An alarm is something to look at,
not a reason to retrain: the next night does that anyway.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rakuten.data.classes import CODES
from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.data.shift import shift_of_counts, shift_of_values
from rakuten.evaluation.predictions import read_predictions
from rakuten.exploration.comparison import CHANGES_FILE, SHIFTS_FILE, shift_row
from rakuten.outputs import StageOutput
from rakuten.stages import stage

DRIFT_FILE = "drift.parquet"
ALARMS_FILE = "alarms.json"
CLASS, CONFIDENCE = "predicted class", "confidence"


@stage(version=1, libraries=("scipy",))
def measure_drift(out: Path, comparison: StageOutput, known: StageOutput, answers: StageOutput) -> dict[str, Any]:
    """Measure how a dump differs from the one that the champion learnt from.

    Args:
        out: Work folder.
        comparison: `compare_profiles` of that dump and this one.
        known: `evaluate` of the champion on its own dump: what it answered for test products there.
        answers: What it answers for products of this dump that it never saw; has `probabilities.parquet`.

    Returns:
        Facts: measures, alarms (names of those that matter, comma between them).

    Output:
        drift.parquet: as shifts.parquet of `compare_profiles`, with two measures of the subject "answers".
        alarms.json: a line for each measure that matters.
    """
    shifts = pd.read_parquet(comparison.file(SHIFTS_FILE))
    shifts = pd.concat([pd.DataFrame(list(_answers(comparison, known, answers))), shifts], ignore_index=True)
    alarming = shifts[shifts["matters"]]
    shifts.to_parquet(out / DRIFT_FILE, index=False)
    lines = [_tell(row) for row in _records(alarming)]
    (out / ALARMS_FILE).write_text(json.dumps(lines, indent=2, ensure_ascii=False), "utf-8")
    return {"measures": len(shifts), "alarms": ", ".join(alarming["measure"])}


def read_drift(drift: StageOutput) -> list[dict[str, Any]]:
    """The table for people: the measures that matter first, then by the size of the shift."""
    table = pd.read_parquet(drift.file(DRIFT_FILE)).sort_values(["matters", "psi"], ascending=False, kind="stable")
    shown = ["means", "verdict", "psi", "threshold", "typical_before", "typical_after", "before", "after"]
    rounded = table[shown].round({"psi": 4, "threshold": 4, "typical_before": 3, "typical_after": 3})
    return _records(rounded.astype(object).where(rounded.notna(), None))


def read_alarms(drift: StageOutput) -> list[str]:
    """A line for each measure that matters."""
    lines: list[str] = drift.read_json(ALARMS_FILE)
    return lines


def _answers(comparison: StageOutput, known: StageOutput, answers: StageOutput) -> Iterator[dict[str, Any]]:
    """Shifts of what the champion says."""
    before, given = read_predictions(known), Probabilities.read(answers.file(PROBABILITIES))
    changed = pd.read_parquet(comparison.file(CHANGES_FILE), columns=["productid"])["productid"]
    same = np.intersect1d(before["productid"], given.productids)
    shared = int((~np.isin(same, changed)).sum())
    classes = shift_of_counts(_count(before["predicted"].to_numpy(np.int64)), _count(given.predicted), shared=shared)
    yield shift_row(CLASS, "answers", "class that the champion predicts", classes)
    # Last digits depend on the size of batches, and a bound between cells may lie within them.
    sure_before = before["confidence"].to_numpy(np.float64).round(4)
    sure = given.values.max(axis=1).astype(np.float64).round(4)
    confidence = shift_of_values(sure_before, sure, shared=shared)
    typical = float(np.median(sure_before)), float(np.median(sure))
    yield shift_row(CONFIDENCE, "answers", "how sure the champion is", confidence, typical)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.itertuples(index=False)]


def _count(codes: np.ndarray) -> np.ndarray:
    return np.array([(codes == code).sum() for code in CODES], np.float64)


def _tell(row: dict[str, Any]) -> str:
    words = f"{row['means']}: {row['verdict']} shift, {row['psi']:.3f} where {row['threshold']:.3f} is borne"
    if pd.notna(row["typical_before"]):
        words += f" ({row['typical_before']:.4g} → {row['typical_after']:.4g})"
    return words
