"""The tables of a step of the image study: what was trained, and how it did beside the reference study."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from rakuten.catalogue.classes import LABELS
from rakuten.evaluation.evaluate import CONFUSIONS, METRICS, PER_CLASS
from rakuten.outputs import StageOutput
from rakuten.outputs.stage_output import Manifest
from rakuten.recipes.families.image_network import ImageRecipe
from rakuten.reporting.published import published_model

# The challenge's image baseline; the report lists the classes that it found harder than that.
BASELINE_F1 = 0.55
CONFUSIONS_SHOWN = 15
# A single product taken for something else says nothing of its class.
FEWEST_CONFUSED = 2


def score_table(
    evaluations: Iterable[StageOutput], recipes: Iterable[ImageRecipe], *, has_reference: bool
) -> pd.DataFrame:
    """One row a model, the best on validation products first; a table of nothing where all were refused.

    Args:
        evaluations: Outputs of `evaluate`, named after the recipes.
        recipes: At least those of the evaluations.
        has_reference: Whether scores can stand beside the reference study's, see `is_challenge_catalogue`.

    Returns:
        model; input_size, pixels; batch_size; epochs, at most; epochs_run; learning_rate; unfrozen_layers, as text;
        validation_f1, f1_weighted (on test products), interval (95 %, as text), accuracy; reference, the study's
        weighted F1 of the same with the same settings, or null; train_rows; without_image, products left out because
        their photo is absent, does not decode or was not asked for.
    """
    by_name = {recipe.name: recipe for recipe in recipes}
    table = pd.DataFrame([_score_row(evaluation, by_name) for evaluation in evaluations])
    if table.empty:
        return table
    if not has_reference:
        table = table.drop(columns="reference")
    return table.sort_values("validation_f1", ascending=False, kind="stable", ignore_index=True)


def cost_table(evaluations: Iterable[StageOutput]) -> pd.DataFrame:
    """What each training took on the machine that made it: model, seconds."""
    read = [(evaluation, evaluation.read_json(METRICS)) for evaluation in evaluations]
    rows = [{"model": metrics["name"], "seconds": _seconds(evaluation, metrics)} for evaluation, metrics in read]
    return pd.DataFrame(rows, columns=["model", "seconds"])


def class_table(
    evaluations: Iterable[StageOutput], recipes: Iterable[ImageRecipe], *, has_reference: bool
) -> pd.DataFrame:
    """F1 of each class on test products by each model.

    Returns:
        model, prdtypecode, label, precision, recall, f1 (null without test products), support, reference (the study's
        F1 of the same, or null).
    """
    by_name = {recipe.name: recipe for recipe in recipes}
    tables = []
    for evaluation in evaluations:
        name = evaluation.read_json(METRICS)["name"]
        table = pd.read_parquet(evaluation.file(PER_CLASS))
        table.insert(0, "model", name)
        found = published_model(by_name[name]) if has_reference else None
        table["f1"] = table["f1"].where(table["support"] > 0)
        table["reference"] = table["prdtypecode"].map(dict(found.by_class or {}) if found else {}).astype(float)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def below_baseline(classes: pd.DataFrame) -> dict[str, list[str]]:
    """Classes that each model finds harder than the challenge's baseline is on average, the hardest first.

    Args:
        classes: As `class_table` gives it; classes without test products are left out.
    """
    hard = classes[(classes["support"] > 0) & (classes["f1"] < BASELINE_F1)].sort_values("f1", kind="stable")
    return {
        str(model): [f"{row.prdtypecode} {row.label} {row.f1:.2f}" for row in hard[hard["model"] == model].itertuples()]
        for model in classes["model"].unique()
    }


def confusion_table(evaluations: Iterable[StageOutput]) -> pd.DataFrame:
    """What each model takes for what on test products, the largest share of a class first.

    Returns:
        model, prdtypecode, label, taken_for, taken_for_label, share, count.
    """
    tables = []
    for evaluation in evaluations:
        table = pd.read_parquet(evaluation.file(CONFUSIONS))
        table = table[table["count"] >= FEWEST_CONFUSED].head(CONFUSIONS_SHOWN)
        table.insert(0, "model", evaluation.read_json(METRICS)["name"])
        table.insert(2, "label", table["prdtypecode"].map(LABELS))
        table.insert(4, "taken_for_label", table["taken_for"].map(LABELS))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _score_row(evaluation: StageOutput, recipes: dict[str, ImageRecipe]) -> dict[str, Any]:
    metrics = evaluation.read_json(METRICS)
    recipe, test = recipes[metrics["name"]], metrics["test"]
    trained, reference = _trained(evaluation, metrics), published_model(recipe)
    low, high = test["interval"]
    return {
        "model": recipe.name,
        "input_size": recipe.image_input.input_size,
        "batch_size": recipe.fit.batch_size,
        "epochs": recipe.fit.epochs,
        "epochs_run": trained.facts["epochs"],
        "learning_rate": recipe.fit.learning_rate,
        "unfrozen_layers": str(recipe.model_dump().get("unfrozen_layers", 0)),
        "validation_f1": round(metrics["validation"]["f1_weighted"], 4),
        "f1_weighted": round(test["f1_weighted"], 4),
        "interval": f"{low:.3f}–{high:.3f}",
        "accuracy": round(test["accuracy"], 4),
        "reference": reference.f1_weighted if reference else None,
        "train_rows": trained.facts["train_rows"],
        "without_image": trained.facts["without_image"],
    }


def _trained(evaluation: StageOutput, metrics: dict[str, Any]) -> Manifest:
    """What is known of the training that was scored."""
    return StageOutput(key=metrics["scored"], folder=evaluation.folder.parent / metrics["scored"]).manifest


def _seconds(evaluation: StageOutput, metrics: dict[str, Any]) -> float:
    return round(_trained(evaluation, metrics).seconds, 1)
