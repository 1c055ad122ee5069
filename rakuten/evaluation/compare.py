"""Stage `compare_runs`: paired bootstrap and McNemar's test of two evaluations, of one run or of two."""

import json
from pathlib import Path
from typing import Any

from rakuten.evaluation.comparison import TO_RIGHT, TO_WRONG, compare_predictions
from rakuten.evaluation.evaluate import METRICS
from rakuten.evaluation.predictions import read_predictions
from rakuten.outputs import StageOutput
from rakuten.stages import stage

COMPARISON = "comparison.json"
FLIPS = "flips.parquet"


@stage(version=1, libraries=("numpy", "scipy"))
def compare_runs(out: Path, first: StageOutput, second: StageOutput) -> dict[str, Any]:
    """Compare two evaluations on their common test products; dumps and plans may differ.

    Args:
        first, second: Outputs of `evaluate`.

    Returns:
        Facts: rows (compared), difference (of weighted F1, second - first), to_right, to_wrong (products).

    Raises:
        InputError: If there is no common test product with the same label.
        OutputError: If an evaluation has no predictions (earlier version).

    Output:
        comparison.json: first, second (name and evaluation each), rows, only_first, only_second and relabelled
            (products not compared); scores: by name the values of both, difference (second - first), interval (95 %
            paired bootstrap confidence interval) and word; mcnemar: only_first_right, only_second_right, exact and mid
            (p-values); changed_wrong; classes: F1 of both by class, with simultaneous 95 % confidence intervals.
        flips.parquet: Products that one of the two predicts correctly: productid, prdtypecode, first, second, flip.
    """
    comparison = compare_predictions(read_predictions(first), read_predictions(second))
    sides = {
        side: {"name": evaluation.read_json(METRICS)["name"], "evaluation": evaluation.key}
        for side, evaluation in (("first", first), ("second", second))
    }
    content = sides | comparison.as_json()
    (out / COMPARISON).write_text(json.dumps(content, indent=2, ensure_ascii=False), "utf-8")
    comparison.flips.to_parquet(out / FLIPS, index=False)
    flips = comparison.flips["flip"].value_counts()
    return {
        "rows": comparison.paired.rows,
        "difference": comparison.paired.scores["f1_weighted"].difference.value,
        "to_right": int(flips.get(TO_RIGHT, 0)),
        "to_wrong": int(flips.get(TO_WRONG, 0)),
    }
