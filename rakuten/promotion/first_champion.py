"""The stage that judges a catalogue's first champion: the conditions of the gate that need no rival."""

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
    """Judge a candidate where no champion is there to compare it with.

    Args:
        out: Work folder.
        candidate: `evaluate` of what it predicts with, on its own dump's test products.
        members: The same of each of its models.
        names: Of these models.
        split: `split_products` of its dump; the majority class is that of its train products.
        contracts: What its data was held against; each has `verdict.json`.
        package: Its package.
        rehearsal: `classify_products` of that package on its own test products; its models as they were scored.
        rules: The gate's numbers.

    Returns:
        Facts: passed, and the names of the conditions that failed.

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
    """The most frequent class of the train products."""
    rows = pd.read_parquet(split.file(SPLIT), columns=["prdtypecode", "side"])
    return int(rows.loc[rows["side"] == "train", "prdtypecode"].mode().iloc[0])


def _predictions_of(
    members: tuple[StageOutput, ...], names: tuple[str, ...], productids: "pd.Series[int]"
) -> dict[str, Codes]:
    """Predicted classes of each member, int64 (num_samples,); 0 where it cannot see a product."""
    return {
        name: read_predictions(member)
        .set_index("productid")["predicted"]
        .reindex(productids, fill_value=0)
        .to_numpy(np.int64)
        for name, member in zip(names, members, strict=True)
    }
