"""The stages that write down a step of the image study: its tables beside the reference study, and its pictures."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from rakuten.evaluation.evaluate import CONFUSION_PICTURE, CURVES_PICTURE, METRICS
from rakuten.outputs import StageOutput
from rakuten.pages.tables import table_content
from rakuten.pages.template_files import OwnFiles
from rakuten.recipes import ImageFeaturesRecipe
from rakuten.recipes.families.image_network import ImageRecipe
from rakuten.reporting.lr_curve import CHOICE, RATE_PICTURE
from rakuten.reporting.published import is_challenge_catalogue, published_rate
from rakuten.reporting.report_files import OWN_FILES
from rakuten.reporting.study_tables import below_baseline, class_table, confusion_table, cost_table, score_table
from rakuten.stages import stage

TABLE = "table.parquet"
COSTS = "costs.parquet"
CLASSES = "classes.parquet"
CONFUSED = "confusions.parquet"
STEP = "step.json"

TITLES = {
    "selection": "Step 1: heads on frozen backbones",
    "augmented": "Step 2: the best of them with augmentation",
    "fine_tuned": "Step 3: fine-tuning and augmentation at a very low learning rate",
    "rates": "Step 4: learning rates",
    "final": "Step 5: fine-tuning and augmentation at the rates found",
    "extras": "Beyond the report: its baseline, its wishes",
}


@stage(version=2)
def report_step(
    out: Path,
    step: str,
    evaluations: tuple[StageOutput, ...],
    recipes: tuple[ImageRecipe, ...],
    detailed: tuple[str, ...],
    refused: dict[str, str],
    snapshot: StageOutput,
    split: StageOutput,
    own_files: OwnFiles = OWN_FILES,
) -> dict[str, Any]:
    """Write down a step in which networks were trained.

    Args:
        out: Work folder.
        step: One of `TITLES`.
        evaluations: Of what was trained, named after the recipes.
        recipes: What was to be trained.
        detailed: Names of those whose classes, confusions and pictures are kept.
        refused: Why a recipe has no evaluation, by name.
        snapshot, split: `record_snapshot` of the dump and `split_products` of its products.
        own_files: The published figures; given so that they enter the key.

    Returns:
        Numbers of models and of refused ones.

    Output:
        table.parquet: One row a model; see `score_table`.
        costs.parquet: What each took on this machine; see `cost_table`. It differs from run to run, nothing else does.
        classes.parquet, confusions.parquet: Of detailed models, if there are any; see `class_table`, `confusion_table`.
        step.json: step, title, refused, below_baseline (classes by model).
        curves-<model>.png, confusion-<model>.png: Of detailed models.
    """
    chosen = [evaluation for evaluation in evaluations if evaluation.read_json(METRICS)["name"] in detailed]
    has_reference = is_challenge_catalogue([snapshot], split)
    score_table(evaluations, recipes, has_reference=has_reference).to_parquet(out / TABLE, index=False)
    cost_table(evaluations).to_parquet(out / COSTS, index=False)
    below = _write_details(out, chosen, recipes, has_reference=has_reference) if chosen else {}
    _write_step(out, step, refused, below_baseline=below)
    return {"models": len(evaluations), "refused": len(refused)}


@stage(version=2)
def report_rates(
    out: Path,
    found: tuple[StageOutput, ...],
    pictures: tuple[StageOutput, ...],
    recipes: tuple[ImageFeaturesRecipe, ...],
    refused: dict[str, str],
    snapshot: StageOutput,
    split: StageOutput,
    own_files: OwnFiles = OWN_FILES,
) -> dict[str, Any]:
    """Write down the step in which learning rates were looked for.

    Args:
        out: Work folder.
        found: Of `search_learning_rate`.
        pictures: Of `draw_rate_curve`, in the same order.
        recipes: Whose rates they are, in the same order.
        refused: Why a recipe has no rate, by name.
        snapshot, split: As `report_step` takes them.
        own_files: The published figures; given so that they enter the key.

    Returns:
        Numbers of models and of refused ones.

    Output:
        table.parquet: model, learning_rate, reference (the rate that the study found for the backbone, or null; absent
            where scores cannot stand beside the study's), lowest_at, diverged_at (null: it did not), steps, why.
        costs.parquet: model, seconds.
        step.json: step, title, refused.
        rates-<model>.png: Loss by learning rate, with the choice.
    """
    has_reference = is_challenge_catalogue([snapshot], split)
    rows, costs = [], []
    for recipe, search, picture in zip(recipes, found, pictures, strict=True):
        choice, manifest = search.read_json(CHOICE), search.manifest
        rows.append(
            {
                "model": recipe.name,
                "learning_rate": choice["learning_rate"],
                **({"reference": published_rate(recipe.backbone)} if has_reference else {}),
                "lowest_at": choice["lowest_at"],
                "diverged_at": choice["diverged_at"],
                "steps": manifest.facts["steps"],
                "why": choice["why"],
            }
        )
        costs.append({"model": recipe.name, "seconds": round(manifest.seconds, 1)})
        shutil.copyfile(picture.file(RATE_PICTURE), out / f"rates-{recipe.name}.png")
    pd.DataFrame(rows).to_parquet(out / TABLE, index=False)
    pd.DataFrame(costs, columns=["model", "seconds"]).to_parquet(out / COSTS, index=False)
    _write_step(out, "rates", refused)
    return {"models": len(found), "refused": len(refused)}


def _write_details(
    out: Path, evaluations: Sequence[StageOutput], recipes: Sequence[ImageRecipe], *, has_reference: bool
) -> dict[str, list[str]]:
    """Write tables by class and pictures; gives the classes below the baseline, by model."""
    classes = class_table(evaluations, recipes, has_reference=has_reference)
    classes.to_parquet(out / CLASSES, index=False)
    confusion_table(evaluations).to_parquet(out / CONFUSED, index=False)
    for evaluation in evaluations:
        name = evaluation.read_json(METRICS)["name"]
        shutil.copyfile(evaluation.file(CURVES_PICTURE), out / f"curves-{name}.png")
        shutil.copyfile(evaluation.file(CONFUSION_PICTURE), out / f"confusion-{name}.png")
    return below_baseline(classes)


def table_rows(step: StageOutput) -> list[dict[str, Any]]:
    """The rows of a step's table with what each took, as plain values; what is absent is None."""
    table = pd.read_parquet(step.file(TABLE))
    return plain_rows(table if table.empty else table.merge(pd.read_parquet(step.file(COSTS)), on="model", how="left"))


def plain_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a table as plain values; what is absent is None."""
    rows: list[dict[str, Any]] = table_content(table)["rows"]
    return rows


def _write_step(out: Path, step: str, refused: Mapping[str, str], **more: Any) -> None:
    content = {"step": step, "title": TITLES[step], "refused": refused, **more}
    (out / STEP).write_text(json.dumps(content, indent=2, ensure_ascii=False), "utf-8")
