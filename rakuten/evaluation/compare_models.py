"""The stage that holds every model and fusion of a run against the one that decides."""

import json
from pathlib import Path
from typing import Any

from rakuten.evaluation.comparison import compare_predictions
from rakuten.evaluation.evaluate import METRICS
from rakuten.evaluation.predictions import read_predictions
from rakuten.outputs import StageOutput, report_progress
from rakuten.stages import stage

DIFFERENCES = "differences.json"


@stage(version=1, libraries=("numpy", "scipy"))
def compare_models(out: Path, evaluations: tuple[StageOutput, ...], decided: StageOutput) -> dict[str, Any]:
    """Compare each model and fusion with the decision, on the test products that both were scored on.

    Args:
        out: Work folder.
        evaluations: `evaluate` of each.
        decided: `evaluate` of what decides.

    Returns:
        Facts: better, worse (how many of them are so).

    Raises:
        InputError: If one was scored on none of the decision's test products.

    Output:
        differences.json: By name of what was compared: rows (of both), difference (of weighted F1, its own minus the
            decision's), interval (95 %, paired bootstrap), word, mid (McNemar's mid-p).
    """
    reference = read_predictions(decided)
    found: dict[str, dict[str, Any]] = {}
    for place, evaluation in enumerate(evaluations):
        report_progress(place, len(evaluations), "models")
        comparison = compare_predictions(reference, read_predictions(evaluation)).as_json()
        score = comparison["scores"]["f1_weighted"]
        found[evaluation.read_json(METRICS)["name"]] = {
            "rows": comparison["rows"],
            **{field: score[field] for field in ("difference", "interval", "word")},
            "mid": comparison["mcnemar"]["mid"],
        }
    (out / DIFFERENCES).write_text(json.dumps(found, indent=2, ensure_ascii=False), "utf-8")
    words = [row["word"] for row in found.values()]
    return {"better": words.count("better"), "worse": words.count("worse")}
