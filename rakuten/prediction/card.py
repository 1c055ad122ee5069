"""Model card of a package in Markdown: intended use, training data, metrics, limitations."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rakuten.data.split import SIDES, SPLIT
from rakuten.evaluation.evaluate import PER_CLASS
from rakuten.fusion.combining import Average
from rakuten.fusion.fuser import Fuser
from rakuten.outputs import StageOutput
from rakuten.outputs.atomic import write_whole
from rakuten.pages.markdown import escape_markdown
from rakuten.pages.page import ABSENT
from rakuten.recipes import Plan

# Classes with a lower F1 are listed as limitations.
WEAK_F1 = 0.6
# Scores of classes with fewer test products are unreliable.
FEW_PRODUCTS = 20

FIGURES = ("precision", "recall", "f1")


@dataclass(frozen=True)
class CardFacts:
    """Content of a model card.

    Attributes:
        plan: Plan of the run.
        choice: Content of decision.json.
        fusion: Content of fusion.json of the decision.
        scores: One row per model or fusion: name and metrics on test products.
        decided: Evaluation of the decision.
        dump_names: Display names of the dumps.
        generated: Names of the generated dumps.
    """

    plan: Plan
    choice: Mapping[str, Any]
    fusion: Mapping[str, Any]
    scores: Sequence[Mapping[str, Any]]
    decided: StageOutput
    clean: StageOutput
    split: StageOutput
    dump_names: Sequence[str]
    generated: Sequence[str] = ()

    @property
    def decision(self) -> Mapping[str, Any]:
        """Row of scores of the decision."""
        return next(row for row in self.scores if row["name"] == self.choice["name"])


def write_card(path: Path, facts: CardFacts, *, is_refitted: bool) -> None:
    """Write a model card.

    Args:
        path: Target file.
        facts: Content.
        is_refitted: True if the package also has models refitted to all labelled products.
    """
    by_class = pd.read_parquet(facts.decided.file(PER_CLASS))
    lines = [
        f"# Model card: {facts.plan.name}",
        "",
        *_generated(facts),
        "## What it is for",
        "",
        "Giving each product of a catalogue one of 27 product type codes (`prdtypecode` of the Rakuten France "
        "Multimodal challenge), from its title, its description and, where there is one, its photo. Not for products "
        "of other kinds: each is given one of the 27 codes, whatever it is.",
        "",
        "    rakuten predict --model FOLDER --dump DIR --output FILE.csv",
        "",
        *_scores(facts, is_refitted=is_refitted),
        *_decision(facts),
        *_data(facts),
        *_classes(by_class),
        *_limits(facts, by_class),
    ]
    write_whole(path, "\n".join(lines) + "\n")


def _generated(facts: CardFacts) -> Iterator[str]:
    if facts.generated:
        names = escape_markdown(" and ".join(facts.generated))
        yield f"**Trained on generated data: {names}.** Its products were made up by a program (`rakuten demo-dump`);"
        yield "the scores below say that the software works, and nothing about real products. Not for use."
        yield ""


def _scores(facts: CardFacts, *, is_refitted: bool) -> Iterator[str]:
    decided = facts.decision
    low, high = decided["interval"]
    yield from ("## How good it is", "")
    yield (
        f"**Weighted F1 {decided['f1_weighted']:.3f}** (95 % interval {low:.3f} to {high:.3f}) on {decided['rows']:,} "
        "test products, which nothing was fitted to or chosen by."
    )
    if is_refitted:
        yield ""
        yield (
            "The models that predict (`refitted/`) were fitted again to all labelled products, test products included, "
            "for as many epochs as had proved best; how they are fused and calibrated is that of the scored ones "
            "(`models/`). All scores here are those of the scored models: of the refitted ones none can be had."
        )
    header = ["", "products", "accuracy", "weighted F1", "95 % interval", "macro F1", "calibration error"]
    yield from ("", *_table(header, (_score_row(row) for row in facts.scores)), "")


def _score_row(row: Mapping[str, Any]) -> list[str]:
    low, high = row["interval"]
    figures = [f"{row[name]:.3f}" for name in ("accuracy", "f1_weighted")]
    rest = [f"{row[name]:.3f}" for name in ("f1_macro", "calibration_error")]
    return [row["name"], f"{row['rows']:,}", *figures, f"{low:.3f}–{high:.3f}", *rest]


def _decision(facts: CardFacts) -> Iterator[str]:
    fuser = Fuser.from_json(facts.fusion)
    names = [member["name"] for member in facts.fusion["members"]]
    yield from ("## How it decides", "")
    yield f"By the {facts.choice['name']}: {facts.choice['reason']}."
    for case in fuser.cases:
        weights = case.combiner.weights if isinstance(case.combiner, Average) else [None] * len(case.members)
        rows = [
            [
                names[member],
                f"{facts.fusion['members'][member]['validation_f1_weighted']:.3f}",
                f"{fuser.temperatures[member]:.2f}",
                "–" if weight is None else f"{weight:.2f}",
            ]
            for member, weight in zip(case.members, weights, strict=True)
        ]
        known = " and ".join(case.modalities)
        yield from ("", f"Where {known} of a product is known (fitted to {case.rows:,} validation products):", "")
        yield from _table(["model", "F1 on validation products", "temperature", "weight"], rows)
        yield from ("", f"Temperature of the answer: {case.temperature:.2f}.")
    error = facts.decision["calibration_error"]
    yield ""
    yield (
        f"Probabilities are calibrated on validation products; on test products they are off by {error:.3f} on average "
        "(expected calibration error, 15 bins)."
        if facts.plan.fusion.calibrate
        else f"Probabilities are not calibrated (the plan says so); they are off by {error:.3f} on average."
    )
    yield ""


def _data(facts: CardFacts) -> Iterator[str]:
    products = pd.read_parquet(facts.clean.file("train.parquet"), columns=["description", "image_digest"])
    sides = pd.read_parquet(facts.split.file(SPLIT), columns=["side"])["side"].value_counts()
    described, pictured = (products["description"] != "").mean(), products["image_digest"].notna().mean()
    counts = ", ".join(f"{int(sides[side]):,} {side}" for side in SIDES if sides.get(side))
    names = escape_markdown(", ".join(facts.dump_names))
    yield from ("## What it learnt from", "")
    yield (
        f"{len(products):,} labelled products of {names} ({facts.clean.key}): {counts}. "
        f"{described:.0%} have a description, {pictured:.0%} a photo that can be read. "
        + (
            "Products with the same title, or the same photo, never stand on two sides."
            if facts.plan.split.method == "content"
            else "Sides were drawn at random as in the report: products with the same title or photo may stand on two."
        )
    )
    cleaning = facts.plan.cleaning.model_dump(mode="json")
    yield ""
    yield "Texts are cleaned thus: " + ", ".join(f"{name} {value}" for name, value in cleaning.items()) + "."
    yield ""


def _classes(by_class: pd.DataFrame) -> Iterator[str]:
    rows = [
        [_named(row), *(f"{row[figure]:.2f}" if row["support"] else ABSENT for figure in FIGURES), row["support"]]
        for row in by_class.to_dict("records")
    ]
    yield from ("## By class", "", *_table(["class", "precision", "recall", "F1", "test products"], rows), "")


def _limits(facts: CardFacts, by_class: pd.DataFrame) -> Iterator[str]:
    weak = by_class[(by_class["support"] > 0) & (by_class["f1"] < WEAK_F1)].sort_values("f1")
    rare = by_class[by_class["support"] < FEW_PRODUCTS]
    yield from ("## Limits", "")
    if len(weak):
        named = "; ".join(f"{_named(row)} ({row['f1']:.2f})" for row in weak.to_dict("records"))
        yield f"- Weak (F1 below {WEAK_F1}): {named}."
    if len(rare):
        named = ", ".join(str(code) for code in rare["prdtypecode"])
        yield f"- Scores of classes with fewer than {FEW_PRODUCTS} test products say little: {named}."
    modalities = {member["modality"] for member in facts.fusion["members"]}
    if modalities == {"text"}:
        yield "- It looks at no photo."
    elif "text" in modalities:
        yield "- A product without a photo is classified by its text alone, with weights fitted for that."
    else:
        yield "- It looks at photos alone: a product without one cannot be classified."
    yield "- Most texts it learnt from are French. It knows the catalogue as it was: score it anew on later products."
    yield "- A probability says how often such answers were right in this catalogue, in another one it may not."


def _named(row: Mapping[Any, Any]) -> str:
    return f"{row['prdtypecode']} {row['label']}"


def _table(header: Sequence[str], rows: "Iterator[Sequence[Any]] | Sequence[Sequence[Any]]") -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{' --- |' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(escape_markdown(value) for value in row)} |"
