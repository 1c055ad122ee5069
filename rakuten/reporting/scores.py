"""Scores of all models and fusions of a run, one row each, the reference study's figure beside ours."""

from collections.abc import Container, Iterable
from dataclasses import dataclass
from typing import Any

from rakuten.evaluation.evaluate import METRICS
from rakuten.fusion.stages import METHOD_NAMES
from rakuten.outputs import StageOutput
from rakuten.recipes import Plan
from rakuten.reporting.published import PublishedScore, published_model, published_vote


@dataclass(frozen=True)
class ScoreRow:
    """One evaluation.

    Attributes:
        name: The recipe's name, or the fusion's.
        scored: Key of the output that was scored.
        rows: Test products scored.
        missing_rows: Test products that the model had nothing to see of.
        accuracy, f1_weighted, f1_macro: On test products.
        interval: 95 % bootstrap interval of `f1_weighted`.
        calibration_error: Expected calibration error on test products.
        validation_f1_weighted: On validation products; None where none was scored.
        train_rows: Products it was fitted to; None for a fusion.
        left_out_rows: Train products that its recipe's row limit kept from it.
        seconds: Wall time of the training, or of the fusion.
        peak_memory: Bytes of the process it was made in.
        published: The reference study's score of the same model or vote; None where it has none.
        evaluation: What the row was read from.
    """

    name: str
    scored: str
    rows: int
    missing_rows: int
    accuracy: float
    f1_weighted: float
    f1_macro: float
    interval: tuple[float, float]
    calibration_error: float
    validation_f1_weighted: float | None
    train_rows: int | None
    left_out_rows: int
    seconds: float
    peak_memory: int
    published: PublishedScore | None
    evaluation: StageOutput


def score_rows(evaluations: Iterable[StageOutput], plan: Plan, *, has_reference: bool) -> list[ScoreRow]:
    """Scores in the order given.

    Args:
        evaluations: Outputs of `evaluate`, named after the plan's recipes or `METHOD_NAMES`.
        plan: Says which model of the reference study a recipe reproduces.
        has_reference: Whether scores can stand beside the study's, see `is_challenge_catalogue`.
    """
    read = [(evaluation, evaluation.read_json(METRICS)) for evaluation in evaluations]
    published = _published(plan, {metrics["name"] for _, metrics in read}) if has_reference else {}
    rows = []
    for evaluation, metrics in read:
        test, validation = metrics["test"], metrics["validation"]
        scored = StageOutput(key=metrics["scored"], folder=evaluation.folder.parent / metrics["scored"]).manifest
        left_out_rows = scored.facts.get("left_out_rows", 0)
        rows.append(
            ScoreRow(
                name=metrics["name"],
                scored=metrics["scored"],
                rows=test["rows"],
                missing_rows=test["missing_rows"],
                accuracy=test["accuracy"],
                f1_weighted=test["f1_weighted"],
                f1_macro=test["f1_macro"],
                interval=(test["interval"][0], test["interval"][1]),
                calibration_error=test["calibration_error"],
                validation_f1_weighted=validation["f1_weighted"] if validation else None,
                train_rows=scored.facts.get("train_rows"),
                left_out_rows=left_out_rows,
                seconds=scored.seconds,
                peak_memory=scored.peak_memory,
                # Fitted to a part of the rows, it is not the model that was measured.
                published=None if left_out_rows else published.get(metrics["name"]),
                evaluation=evaluation,
            )
        )
    return rows


def _published(plan: Plan, scored: Container[str]) -> dict[str, PublishedScore | None]:
    """The study's scores by name of the model or vote; votes only where every model of the plan was scored."""
    published = {recipe.name: published_model(recipe) for recipe in plan.recipes}
    if all(recipe.name in scored for recipe in plan.recipes):
        published |= {METHOD_NAMES[method]: published_vote(plan, method) for method in plan.fusion.methods}
    return published


def score_table(
    evaluations: Iterable[StageOutput], plan: Plan, *, has_reference: bool = False, best_first: bool = False
) -> list[dict[str, Any]]:
    """The same as plain values, for a table in a terminal or an interface.

    Args:
        evaluations, plan, has_reference: As `score_rows` takes them.
        best_first: Whether rows are sorted by weighted F1; else they stay in the order given.

    Returns:
        One dict a row: the columns of `score_columns` and `cost_columns`.
    """
    rows = score_rows(evaluations, plan, has_reference=has_reference)
    if best_first:
        rows = ranked(rows)
    return [score_columns(row, has_reference=has_reference) | cost_columns(row) for row in rows]


def ranked(rows: Iterable[ScoreRow]) -> list[ScoreRow]:
    """The best weighted F1 first; equals stay in the order given."""
    return sorted(rows, key=lambda row: -row.f1_weighted)


def score_columns(row: ScoreRow, *, has_reference: bool) -> dict[str, Any]:
    """What a row says of a model: the same in every run on the same content.

    Returns:
        model, rows, accuracy, f1_weighted, interval ("0.801–0.832"), f1_macro, ece (expected calibration error),
        train_rows (None for a fusion), left_out (train rows that a row limit kept from it), and with `has_reference`
        reference (the study's weighted F1 of the same model, or None).
    """
    columns = {
        "model": row.name,
        "rows": row.rows,
        "accuracy": round(row.accuracy, 4),
        "f1_weighted": round(row.f1_weighted, 4),
        "interval": f"{row.interval[0]:.3f}–{row.interval[1]:.3f}",
        "f1_macro": round(row.f1_macro, 4),
        "ece": round(row.calibration_error, 4),
        "train_rows": row.train_rows,
        "left_out": row.left_out_rows,
    }
    return columns | ({"reference": row.published.f1_weighted if row.published else None} if has_reference else {})


def cost_columns(row: ScoreRow) -> dict[str, Any]:
    """What making a model took on this machine: seconds, memory_mib."""
    return {"seconds": round(row.seconds, 1), "memory_mib": round(row.peak_memory / 2**20)}
