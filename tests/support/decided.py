"""Candidates and decisions by number."""

from typing import Any

from rakuten.promotion.decisions import Candidate, Decision, Outcome, now
from rakuten.promotion.gate import Check


def candidate(number: int) -> Candidate:
    return Candidate(
        run=f"run-{number}",
        package=f"package-v1-{number}",
        plan="plan",
        dump="dump",
        snapshot="snapshot",
        recipes={"text_ngrams": "digest"},
        scores={"model": "stacking", "f1_weighted": 0.8, "interval": "0.7–0.9", "train_rows": None},
    )


def decided(number: int, outcome: Outcome = Outcome.PROMOTED, **fields: Any) -> Decision:
    checks = (Check(name="lead", passed=outcome is Outcome.PROMOTED, words="why", figures={"low": 0.01}),)
    given = {"outcome": outcome, "candidate": candidate(number), "against": None, "checks": checks, "decided": now()}
    return Decision(**{**given, **fields})
