"""Stage `compare_models`: comparison of each model and fusion of a run with the selected one (the decision)."""

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
    """Compare each model and fusion with the decision, on their common test products.

    Args:
        evaluations: `evaluate` of each model and fusion.
        decided: `evaluate` of the decision.

    Returns:
        Facts: better, worse (number of models and fusions with a significant difference).

    Raises:
        InputError: If a model has no test product in common with the decision.

    Output:
        differences.json: By name: rows (common), difference (weighted F1, model minus decision), interval (95 % paired
            bootstrap confidence interval), word, mid (mid-p value of McNemar's test).
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
