"""The judgement of a challenger, what a champion is asked of another dump, and drift, on outputs made by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from two_models import two_models

from rakuten.catalogue.classes import CODES
from rakuten.data.fitted_products import list_fitted_products
from rakuten.exploration.comparison import CHANGES_FILE, SHIFTS_FILE, shift_row
from rakuten.outputs import StageOutput
from rakuten.promotion.drift import CLASS, CONFIDENCE, measure_drift, read_alarms, read_drift, tell_drift
from rakuten.promotion.first_champion import judge_first_champion
from rakuten.promotion.gate import LEAD, LEAD_ON_NEWEST, Check
from rakuten.promotion.keep_test_products import keep_test_products
from rakuten.promotion.rules import GateRules
from rakuten.promotion.stages import judge_challenger, read_checks, same_products
from rakuten.statistics.population_shift import TOO_FEW, shift_of_counts

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

    def newest(self, *, test_products: int, seen: int) -> StageOutput:
        self.number += 1
        facts = {"test_products": test_products, "seen": seen, "products": test_products - seen}
        frame = pd.DataFrame({"productid": IDS})
        return self.hand_made.output(f"keep_test_products-v1-{self.number}", {"train.parquet": frame}, **facts)

    def __call__(self, **changed: Any) -> dict[str, Check]:
        rehearsed = self.hand_made.sure_of(IDS.tolist(), self.answers.challenger.tolist())
        given = {
            "champion": self.evaluation(self.answers.champion),
            "challenger": self.evaluation(self.answers.challenger),
            "newest": None,
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
    newest = judge.newest(test_products=2_000, seen=0)
    checks = judge(newest=newest, champion_on_newest=judge.evaluation(judge.answers.challenger))
    assert failed(checks) == [LEAD_ON_NEWEST]


def test_products_that_a_model_was_fitted_on_are_left_out_and_counted(judge: Judge) -> None:
    on_newest = judge.evaluation(judge.answers.champion, IDS[:1900])
    checks = judge(newest=judge.newest(test_products=2_000, seen=100), champion_on_newest=on_newest)
    assert failed(checks) == []
    assert checks[LEAD_ON_NEWEST].figures["rows"] == 1900
    assert checks[LEAD_ON_NEWEST].words.endswith("100 of 2,000 left out, on which a model was fitted")


def test_without_an_unseen_product_there_is_no_lead_on_the_newest_dump(judge: Judge) -> None:
    checks = judge(newest=judge.newest(test_products=40, seen=40))
    assert failed(checks) == [LEAD_ON_NEWEST]
    assert "40 of 40 left out" in checks[LEAD_ON_NEWEST].words


def test_a_champion_of_other_products_altogether_is_no_reason_for_a_traceback(judge: Judge) -> None:
    strangers = judge.evaluation(judge.answers.champion, IDS + 10_000)
    assert failed(judge(champion=strangers)) == [LEAD]


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


def products_of(hand_made: Any, key: str, titles: list[str], images: list[str | None]) -> StageOutput:
    columns = {"productid": range(1, len(titles) + 1), "designation": titles}
    frame = pd.DataFrame(columns).assign(image_digest=pd.Series(images, dtype="string"))
    output: StageOutput = hand_made.output(key, {"train.parquet": frame})
    return output


def test_test_products_of_every_split_are_kept(hand_made: Any) -> None:
    clean = products_of(hand_made, "clean_products-v1-0", ["a", "b", "c", "d"], [None] * 4)
    first = hand_made.split([10] * 4, ["test", "test", "train", "validation"])
    frame = pd.read_parquet(first.file("split.parquet")).assign(side=["train", "test", "test", "test"])
    second = hand_made.output("split_products-v1-1", {"split.parquet": frame})
    kept = hand_made.store.run(keep_test_products, clean=clean, splits=(first, second), fitted=())
    assert pd.read_parquet(kept.file("train.parquet"))["productid"].tolist() == [2]


def test_products_that_an_earlier_dump_taught_are_no_test_products(hand_made: Any) -> None:
    digests = [f"{number:x}" * 64 for number in range(1, 4)]
    before = products_of(hand_made, "clean_products-v1-0", ["Lamp", "Book", "Game", "Pool"], [*digests[:3], None])
    split = hand_made.split([10] * 4, ["train", "validation", "test", "train"])
    fitted = hand_made.store.run(list_fitted_products, clean=before, split=split)
    # 1: title edited, 2: unchanged, 3: never fitted on, 4: another title, 5: a new product with the title of 4, 6: new.
    titles = ["Lamp, large", "Book", "Game", "Pool robot", "POOL", "Sofa"]
    later = products_of(hand_made, "clean_products-v1-1", titles, [None, None, digests[2], None, None, None])
    sides = pd.DataFrame({"productid": range(1, 7), "prdtypecode": 10, "side": "test"})
    everything = hand_made.output("split_products-v1-1", {"split.parquet": sides})
    kept = hand_made.store.run(keep_test_products, clean=later, splits=(everything,), fitted=(fitted,))
    assert pd.read_parquet(kept.file("train.parquet"))["productid"].tolist() == [3, 6]
    assert kept.facts == {"test_products": 6, "seen": 4, "products": 2}


class FirstJudge:
    """Judges a first champion of 2,000 products made by hand, whose only model is itself."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    def __call__(self, rows: int = len(IDS), **changed: Any) -> dict[str, Check]:
        judge, ids = self.judge, IDS[:rows]
        predicted = judge.answers.challenger
        candidate = judge.evaluation(predicted, ids)
        rehearsed = judge.hand_made.sure_of(ids.tolist(), predicted[:rows].tolist())
        codes = judge.answers.codes.tolist()
        given = {
            "candidate": candidate,
            "members": (candidate,),
            "names": ("text_ngrams",),
            "split": judge.hand_made.split(codes, ["test"] * rows + ["train"] * (len(IDS) - rows) or ["train"]),
            "contracts": (judge.hand_made.output("validate_dump-v1-0", {"verdict.json": '{"ok": true}'}),),
            "package": judge.hand_made.output("package_model-v1-0", {"package.json": "{}"}),
            "rehearsal": judge.hand_made.output(
                "classify_products-v1-0", {"probabilities.parquet": rehearsed}, products_per_second=500
            ),
            "rules": GateRules(),
        }
        judged = judge.hand_made.store.run(judge_first_champion, **{**given, **changed})
        return {check.name: check for check in read_checks(judged)}


def test_a_sound_first_champion_passes_every_check(judge: Judge) -> None:
    checks = FirstJudge(judge)(rows=1_000)
    assert failed(checks) == []
    names = ["test products", "majority class", "members", "calibration", "rehearsal", "latency", "size", "contracts"]
    assert list(checks) == names


def test_a_first_champion_of_thirty_test_products_does_not_pass(judge: Judge) -> None:
    assert "test products" in failed(FirstJudge(judge)(rows=30))


def test_a_first_champion_that_is_worse_than_its_model_does_not_pass(judge: Judge) -> None:
    better = judge.evaluation(judge.answers.codes, IDS[:1_000])
    assert failed(FirstJudge(judge)(rows=1_000, members=(better,))) == ["members"]


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


def test_a_champion_that_has_seen_every_product_is_too_few_to_tell_and_no_error(hand_made: Any) -> None:
    before = np.array(CODES * 100)[: len(IDS)]
    frame = pd.DataFrame({"productid": IDS, "prdtypecode": before, "predicted": before, "confidence": 0.9})
    changes = pd.DataFrame({"productid": pd.Series([], dtype="int64")})
    shifts = pd.DataFrame([shift_row("language", "texts", "language", shift_of_counts([500, 500], [520, 480]))])
    drift = hand_made.store.run(
        measure_drift,
        comparison=hand_made.output("compare_profiles-v1-0", {SHIFTS_FILE: shifts, CHANGES_FILE: changes}),
        known=hand_made.output("evaluate-v2-0", {"predictions.parquet": frame}),
        answers=hand_made.output("classify_products-v1-0", {"probabilities.parquet": hand_made.sure_of([], [])}),
    )
    assert drift.facts == {"measures": 3, "alarms": "", "too_few": f"{CLASS}, {CONFIDENCE}"}
    assert tell_drift(drift)[-1] == f"too few to tell: {CLASS}, {CONFIDENCE}"
    assert [row["verdict"] for row in read_drift(drift)] == ["none", TOO_FEW, TOO_FEW]
