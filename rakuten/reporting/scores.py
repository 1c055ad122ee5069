"""Scores of all models and fusions of a run, one row each, the report's figure beside ours."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rakuten.evaluation.evaluate import METRICS
from rakuten.fusion.stages import METHOD_NAMES
from rakuten.outputs import StageOutput
from rakuten.recipes import Plan
from rakuten.reporting.published import PublishedScore, published_fusion, published_model


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
        published: The report's score of the same model or vote; None where it has none.
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


def score_rows(evaluations: Iterable[StageOutput], plan: Plan) -> list[ScoreRow]:
    """Scores in the order given.

    Args:
        evaluations: Outputs of `evaluate`, named after the plan's recipes or `METHOD_NAMES`.
        plan: Says which model of the report a recipe follows.
    """
    published: dict[str, PublishedScore | None] = {recipe.name: published_model(recipe) for recipe in plan.recipes}
    published |= {METHOD_NAMES[method]: published_fusion(method) for method in plan.fusion.methods}
    rows = []
    for evaluation in evaluations:
        metrics = evaluation.read_json(METRICS)
        test, validation = metrics["test"], metrics["validation"]
        scored = StageOutput(key=metrics["scored"], folder=evaluation.folder.parent / metrics["scored"]).manifest
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
                left_out_rows=scored.facts.get("left_out_rows", 0),
                seconds=scored.seconds,
                peak_memory=scored.peak_memory,
                published=published.get(metrics["name"]),
                evaluation=evaluation,
            )
        )
    return rows


def score_table(evaluations: Iterable[StageOutput], plan: Plan) -> list[dict[str, Any]]:
    """The same as plain values, for a table in a terminal or an interface.

    Returns:
        One dict a row: model, rows, accuracy, f1_weighted, interval ("0.801–0.832"), f1_macro, ece (expected
        calibration error), train_rows (None for a fusion), left_out (train rows that a row limit kept from it),
        seconds, memory_mib, report (the report's weighted F1 of the same model, or None).
    """
    return [plain(row) for row in score_rows(evaluations, plan)]


def plain(row: ScoreRow) -> dict[str, Any]:
    """A row as `score_table` gives it."""
    return {
        "model": row.name,
        "rows": row.rows,
        "accuracy": round(row.accuracy, 4),
        "f1_weighted": round(row.f1_weighted, 4),
        "interval": f"{row.interval[0]:.3f}–{row.interval[1]:.3f}",
        "f1_macro": round(row.f1_macro, 4),
        "ece": round(row.calibration_error, 4),
        "train_rows": row.train_rows,
        "left_out": row.left_out_rows,
        "seconds": round(row.seconds, 1),
        "memory_mib": round(row.peak_memory / 2**20),
        "report": row.published.f1_weighted if row.published else None,
    }
