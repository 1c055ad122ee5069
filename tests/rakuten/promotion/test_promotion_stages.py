"""The judgement of a challenger, what a champion is asked of another dump, and drift, on outputs made by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from two_models import two_models

from rakuten.data.classes import CODES
from rakuten.data.shift import shift_of_counts
from rakuten.exploration.comparison import CHANGES_FILE, SHIFTS_FILE, shift_row
from rakuten.outputs import StageOutput
from rakuten.promotion.drift import CLASS, CONFIDENCE, measure_drift, read_alarms, read_drift
from rakuten.promotion.gate import LEAD, LEAD_ON_NEWEST, Check
from rakuten.promotion.rules import GateRules
from rakuten.promotion.stages import judge_challenger, keep_test_side, read_checks, same_products

IDS = np.arange(1, 2001)


class Judge:
    """Judges a challenger of 2,000 products made by hand."""

    def __init__(self, hand_made: Any) -> None:
        self.hand_made = hand_made
        self.answers = two_models(len(IDS), seed=1, better=0.3)
        self.number = 0

    def evaluation(self, predicted: np.ndarray, ids: np.ndarray = IDS) -> StageOutput:
        self.number += 1
        columns = {"productid": ids, "prdtypecode": self.answers.codes[: len(ids)], "predicted": predicted[: len(ids)]}
        frame = pd.DataFrame(columns).assign(confidence=0.85)
        return self.hand_made.output(f"evaluate-v2-{self.number}", {"predictions.parquet": frame})

    def __call__(self, **changed: Any) -> dict[str, Check]:
        rehearsed = self.hand_made.sure_of(IDS.tolist(), self.answers.challenger.tolist())
        given = {
            "champion": self.evaluation(self.answers.champion),
            "challenger": self.evaluation(self.answers.challenger),
            "champion_on_newest": None,
            "contracts": (self.hand_made.output("validate_dump-v1-0", {"verdict.json": '{"ok": true}'}),),
            "package": self.hand_made.output("package_model-v1-0", {"package.json": "{}"}),
            "rehearsal": self.hand_made.output(
                "classify_products-v1-0", {"probabilities.parquet": rehearsed}, products_per_second=500
            ),
            "rules": GateRules(),
        }
        judged = self.hand_made.store.run(judge_challenger, **{**given, **changed})
        assert judged.facts["passed"] == all(check.passed for check in read_checks(judged))
        return {check.name: check for check in read_checks(judged)}


@pytest.fixture
def judge(hand_made: Any) -> Judge:
    return Judge(hand_made)


def failed(checks: dict[str, Check]) -> list[str]:
    return [name for name, check in checks.items() if not check.passed]


def test_a_better_challenger_passes_every_check(judge: Judge) -> None:
    checks = judge()
    assert failed(checks) == []
    assert list(checks) == [LEAD, "classes", "calibration", "rehearsal", "latency", "size", "contracts"]


def test_a_lead_must_show_on_the_newest_products_as_well(judge: Judge) -> None:
    on_newest = judge.evaluation(judge.answers.challenger)
    checks = judge(champion_on_newest=on_newest)
    assert failed(checks) == [LEAD_ON_NEWEST]


def test_a_package_that_answers_otherwise_and_broken_contracts_are_reasons(judge: Judge) -> None:
    other = judge.hand_made.sure_of(IDS.tolist(), judge.answers.champion.tolist())
    broken = '{"ok": false, "failures": ["labels: 3 of 10 rows are null"]}'
    checks = judge(
        rehearsal=judge.hand_made.output(
            "classify_products-v1-1", {"probabilities.parquet": other}, products_per_second=2
        ),
        contracts=(judge.hand_made.output("validate_dump-v1-1", {"verdict.json": broken}),),
    )
    assert failed(checks) == ["rehearsal", "latency", "contracts"]
    assert checks["contracts"].words == "labels: 3 of 10 rows are null"


def test_a_package_that_lacks_products_fails_its_rehearsal(judge: Judge) -> None:
    fewer = judge.hand_made.sure_of(IDS[:1900].tolist(), judge.answers.challenger[:1900].tolist())
    few = judge.hand_made.output("classify_products-v1-2", {"probabilities.parquet": fewer}, products_per_second=500)
    assert failed(judge(rehearsal=few)) == ["rehearsal"]


def test_dumps_are_the_same_only_with_the_same_products_and_classes(judge: Judge) -> None:
    one, other = judge.evaluation(judge.answers.champion), judge.evaluation(judge.answers.challenger)
    assert same_products(one, other)
    assert not same_products(one, judge.evaluation(judge.answers.champion, IDS[:1000]))


def test_the_champion_is_asked_of_products_on_the_test_side_of_every_split(hand_made: Any) -> None:
    clean = hand_made.output("clean_products-v1-0", {"train.parquet": pd.DataFrame({"productid": [1, 2, 3, 4]})})
    first = hand_made.split([10] * 4, ["test", "test", "train", "validation"])
    frame = pd.read_parquet(first.file("split.parquet")).assign(side=["train", "test", "test", "test"])
    second = hand_made.output("split_products-v1-1", {"split.parquet": frame})
    kept = hand_made.store.run(keep_test_side, clean=clean, splits=(first, second))
    assert pd.read_parquet(kept.file("train.parquet"))["productid"].tolist() == [2]


def drift_between(hand_made: Any, now: np.ndarray, confidence: float, changed: list[int]) -> StageOutput:
    """Drift of 2,000 products of which all, but for those changed, are the same ones."""
    before = np.array(CODES * 100)[: len(IDS)]
    frame = pd.DataFrame({"productid": IDS, "prdtypecode": before, "predicted": before, "confidence": 0.9})
    changes = pd.DataFrame({"productid": changed, "change": "changed", "what": "title"})
    shift = shift_of_counts([500, 500], [520, 480])
    shifts = pd.DataFrame([shift_row("language", "texts", "language", shift)])
    comparison = hand_made.output("compare_profiles-v1-0", {SHIFTS_FILE: shifts, CHANGES_FILE: changes})
    known = hand_made.output("evaluate-v2-0", {"predictions.parquet": frame})
    answers = hand_made.output(
        "classify_products-v1-0", {"probabilities.parquet": hand_made.sure_of(IDS.tolist(), now.tolist(), confidence)}
    )
    return hand_made.store.run(measure_drift, comparison=comparison, known=known, answers=answers)


def test_the_same_products_have_not_drifted(hand_made: Any) -> None:
    drift = drift_between(hand_made, np.array(CODES * 100)[: len(IDS)], 0.9, changed=[])
    assert drift.facts["alarms"] == ""
    assert read_alarms(drift) == []
    assert [row["verdict"] for row in read_drift(drift)] == ["none"] * 3


def test_other_classes_and_less_certainty_alarm(hand_made: Any) -> None:
    now = np.where(IDS % 2 == 0, 2583, np.array(CODES * 100)[: len(IDS)])
    drift = drift_between(hand_made, now, 0.5, changed=IDS.tolist())
    assert drift.facts["alarms"] == f"{CLASS}, {CONFIDENCE}"
    assert read_alarms(drift)[0].startswith("class that the champion predicts: large shift")
    assert "(0.9 → 0.5)" in read_alarms(drift)[1]
    assert {row["verdict"] for row in read_drift(drift)[:2]} == {"large"}
