"""The stage that holds every model and vote of a run against the one that decides."""

import json
from pathlib import Path
from typing import Any

from rakuten.errors import InputError
from rakuten.evaluation.comparison import compare_predictions
from rakuten.evaluation.evaluate import METRICS
from rakuten.evaluation.predictions import read_predictions
from rakuten.outputs import StageOutput, report_progress
from rakuten.stages import stage

DIFFERENCES = "differences.json"


@stage(version=1, libraries=("numpy", "scipy"))
def compare_models(out: Path, evaluations: tuple[StageOutput, ...], decision: str) -> dict[str, Any]:
    """Compare each model and vote with the decision, on the test products that both were scored on.

    Args:
        out: Work folder.
        evaluations: `evaluate` of each, the decision among them.
        decision: The name that the decision was evaluated under.

    Returns:
        Facts: better, worse (how many of them are so).

    Raises:
        InputError: If no evaluation bears the decision's name.

    Output:
        differences.json: By name of what was compared: rows (of both), difference (of weighted F1, its own minus the
            decision's), interval (95 %, paired bootstrap), word, mid (McNemar's mid-p).
    """
    named = {evaluation.read_json(METRICS)["name"]: evaluation for evaluation in evaluations}
    if decision not in named:
        raise InputError(f"the decision {decision!r} has no evaluation; there are {sorted(named)}")
    decided = read_predictions(named.pop(decision))
    found: dict[str, dict[str, Any]] = {}
    for place, (name, evaluation) in enumerate(named.items()):
        report_progress(place, len(named), "models")
        comparison = compare_predictions(decided, read_predictions(evaluation)).as_json()
        score = comparison["scores"]["f1_weighted"]
        found[name] = {
            "rows": comparison["rows"],
            **{name: score[name] for name in ("difference", "interval", "word")},
            "mid": comparison["mcnemar"]["mid"],
        }
    (out / DIFFERENCES).write_text(json.dumps(found, indent=2, ensure_ascii=False), "utf-8")
    words = [row["word"] for row in found.values()]
    return {"better": words.count("better"), "worse": words.count("worse")}
