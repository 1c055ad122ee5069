"""Stage `judge_challenger`: promotion gate of a challenger against the champion; checks shared by both gates."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from threadpoolctl import threadpool_limits

from rakuten.contracts.validation import VERDICT_FILE
from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.errors import InputError
from rakuten.evaluation.comparison import match_predictions
from rakuten.evaluation.predictions import read_predictions
from rakuten.outputs import StageOutput
from rakuten.promotion.gate import (
    LEAD,
    LEAD_ON_NEWEST,
    Answers,
    Check,
    Confidence,
    check_calibration,
    check_classes,
    check_contracts,
    check_latency,
    check_lead,
    check_rehearsal,
    check_size,
)
from rakuten.promotion.rules import GateRules
from rakuten.stages import stage

JUDGEMENT = "judgement.json"


@stage(version=2, libraries=("numpy", "scipy"))
def judge_challenger(
    out: Path,
    champion: StageOutput,
    challenger: StageOutput,
    newest: StageOutput | None,
    champion_on_newest: StageOutput | None,
    contracts: tuple[StageOutput, ...],
    package: StageOutput,
    rehearsal: StageOutput,
    rules: GateRules,
) -> dict[str, Any]:
    """Run the promotion checks of a challenger against the champion.

    Equal challenger, champion and rules give a cache hit, so a test cannot be repeated until it passes by chance.

    Args:
        champion: `evaluate` of the champion's decision, on its own dump's test products.
        challenger: `evaluate` of the challenger's decision, on its own dump's test products.
        newest: `keep_test_products` of the challenger's dump, not used for fitting either model; None if both have the
            same test products.
        champion_on_newest: `evaluate` of the champion on those products; None if there are none.
        contracts: Validations of the challenger's data; each has `verdict.json`.
        package: The challenger's package.
        rehearsal: `classify_products` of that package on its own test products, with the scored models.

    Returns:
        Facts: passed, failed (names of the failed checks).

    Output:
        judgement.json: passed; checks, see `Check`.
    """
    beside = champion if champion_on_newest is None else champion_on_newest
    # Many small matrix products: BLAS threads make them slower, several times on a busy machine.
    with threadpool_limits(1):
        checks = [_lead(LEAD, champion, challenger, rules)]
        if newest is not None:
            checks.append(_lead_on_newest(newest, champion_on_newest, challenger, rules))
        checks += _comparisons(beside, challenger, rules)
    return write_judgement(out, [*checks, *check_packaging(challenger, rehearsal, package, contracts, rules)])


def check_packaging(
    evaluation: StageOutput,
    rehearsal: StageOutput,
    package: StageOutput,
    contracts: tuple[StageOutput, ...],
    rules: GateRules,
) -> list[Check]:
    """Check the package: reproduced predictions, inference time, size, data contracts."""
    return [
        _rehearsal(evaluation, rehearsal),
        check_latency(rehearsal.facts["products_per_second"], rules),
        check_size(sum(file.size for file in package.manifest.files.values()), rules),
        check_contracts(broken_contracts(contracts)),
    ]


def write_judgement(out: Path, checks: Sequence[Check]) -> dict[str, Any]:
    """Write judgement.json and return the facts of the stage."""
    failed = [check.name for check in checks if not check.passed]
    content = {"passed": not failed, "checks": [check.model_dump(mode="json") for check in checks]}
    (out / JUDGEMENT).write_text(json.dumps(content, indent=2, ensure_ascii=False), "utf-8")
    return {"passed": not failed, "failed": ", ".join(failed)}


def read_checks(judgement: StageOutput) -> tuple[Check, ...]:
    """Read the checks from an output of `judge_challenger` or `judge_first_champion`."""
    return tuple(Check.model_validate(check) for check in judgement.read_json(JUDGEMENT)["checks"])


def broken_contracts(contracts: tuple[StageOutput, ...]) -> list[str]:
    """Violated contracts, one line each."""
    verdicts = {output.key: output.read_json(VERDICT_FILE) for output in contracts}
    return [
        line
        for key, verdict in verdicts.items()
        if not verdict["ok"]
        for line in verdict.get("failures") or [f"{key} is not fit for use"]
    ]


def same_products(one: StageOutput, other: StageOutput) -> bool:
    """True if two evaluations have the same test products with the same labels."""
    tables = [
        pa.Table.from_pandas(read_predictions(found)[["productid", "prdtypecode"]]).sort_by("productid")
        for found in (one, other)
    ]
    return bool(tables[0].equals(tables[1]))


def _lead(name: str, champion: StageOutput, challenger: StageOutput, rules: GateRules) -> Check:
    try:
        answers = _answers(champion, challenger)
    except InputError as error:
        return Check(name=name, passed=False, words=str(error))
    return check_lead(name, answers, rules)


def _lead_on_newest(
    newest: StageOutput, champion: StageOutput | None, challenger: StageOutput, rules: GateRules
) -> Check:
    seen = f"{newest.facts['seen']:,} of {newest.facts['test_products']:,} left out, on which a model was fitted"
    figures = {name: newest.facts[name] for name in ("test_products", "seen")}
    if champion is None:
        words = f"no test product that both models have not seen; {seen}"
        return Check(name=LEAD_ON_NEWEST, passed=False, words=words, figures=figures)
    check = _lead(LEAD_ON_NEWEST, champion, challenger, rules)
    words = f"{check.words}; {seen}" if newest.facts["seen"] else check.words
    return check.model_copy(update={"words": words, "figures": check.figures | figures})


def _comparisons(champion: StageOutput, challenger: StageOutput, rules: GateRules) -> list[Check]:
    """Check classes and calibration on the products that both models predict; empty without such products."""
    try:
        answers = _answers(champion, challenger)
    except InputError:
        # The check of the weighted F1 on these products reports it.
        return []
    return [check_classes(answers, rules), _calibration(champion, challenger, rules)]


def _calibration(champion: StageOutput, challenger: StageOutput, rules: GateRules) -> Check:
    first, second = read_predictions(champion), read_predictions(challenger)
    productids = match_predictions(first, second)[0]["productid"]
    return check_calibration(_confidence(first, productids), _confidence(second, productids), rules)


def _rehearsal(challenger: StageOutput, rehearsal: StageOutput) -> Check:
    scored, rehearsed = read_predictions(challenger), Probabilities.read(rehearsal.file(PROBABILITIES))
    answers = pd.Series(rehearsed.predicted, rehearsed.productids).reindex(scored["productid"], fill_value=0)
    return check_rehearsal(scored["predicted"].to_numpy(np.int64), answers.to_numpy(np.int64))


def _confidence(model: pd.DataFrame, productids: pd.Series) -> Confidence:
    rows = model.set_index("productid").loc[productids]
    right = (rows["predicted"] == rows["prdtypecode"]).to_numpy(np.bool_)
    return Confidence(rows["confidence"].to_numpy(np.float64), right)


def _answers(champion: StageOutput, challenger: StageOutput) -> Answers:
    matched, _ = match_predictions(read_predictions(champion), read_predictions(challenger))
    codes, one, other = (matched[column].to_numpy(np.int64) for column in ("prdtypecode", "first", "second"))
    return Answers(codes, one, other)
