"""Stage `judge_first_champion`: promotion gate of a first champion, without a comparison."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from rakuten.data.split import SPLIT
from rakuten.evaluation.predictions import read_predictions
from rakuten.outputs import StageOutput
from rakuten.promotion.floor import check_calibration_alone, check_majority, check_members, check_test_products
from rakuten.promotion.gate import Codes, Confidence
from rakuten.promotion.rules import GateRules
from rakuten.promotion.stages import check_packaging, write_judgement
from rakuten.stages import stage


@stage(version=1, libraries=("numpy", "scipy"))
def judge_first_champion(
    out: Path,
    candidate: StageOutput,
    members: tuple[StageOutput, ...],
    names: tuple[str, ...],
    split: StageOutput,
    contracts: tuple[StageOutput, ...],
    package: StageOutput,
    rehearsal: StageOutput,
    rules: GateRules,
) -> dict[str, Any]:
    """Run the checks of the promotion gate that need no champion.

    Args:
        candidate: `evaluate` of the candidate's decision, on its own dump's test products.
        members: `evaluate` of each of its models.
        names: Names of these models.
        split: `split_products` of its dump; the majority class is that of its train products.
        contracts: Validations of its data; each has `verdict.json`.
        package: Its model package.
        rehearsal: `classify_products` of that package on its own test products, with the scored models.

    Returns:
        Facts: passed, failed (names of the failed checks).

    Output:
        judgement.json: As of `judge_challenger`.
    """
    scored = read_predictions(candidate)
    codes, predicted = (scored[column].to_numpy(np.int64) for column in ("prdtypecode", "predicted"))
    confidence = Confidence(scored["confidence"].to_numpy(np.float64), predicted == codes)
    with threadpool_limits(1):
        checks = [
            check_test_products(len(scored), rules),
            check_majority(codes, predicted, _majority_class(split), rules),
        ]
    checks += [
        check_members(codes, predicted, _predictions_of(members, names, scored["productid"]), rules),
        check_calibration_alone(confidence, rules),
        *check_packaging(candidate, rehearsal, package, contracts, rules),
    ]
    return write_judgement(out, checks)


def _majority_class(split: StageOutput) -> int:
    """Majority class of the train products."""
    rows = pd.read_parquet(split.file(SPLIT), columns=["prdtypecode", "side"])
    return int(rows.loc[rows["side"] == "train", "prdtypecode"].mode().iloc[0])


def _predictions_of(
    members: tuple[StageOutput, ...], names: tuple[str, ...], productids: "pd.Series[int]"
) -> dict[str, Codes]:
    """Predicted class codes of each model, int64 (num_samples,); 0 for a product without its modality."""
    return {
        name: read_predictions(member)
        .set_index("productid")["predicted"]
        .reindex(productids, fill_value=0)
        .to_numpy(np.int64)
        for name, member in zip(names, members, strict=True)
    }
