"""The figures of the report that this project follows, to stand beside ours.

They are its own, on its own 20 % split of 84,916 products, on which it also chose epochs, learning rates and weights.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rakuten.pages.tables import records
from rakuten.recipes import (
    Backbone,
    ImageBackboneRecipe,
    ImageFeaturesRecipe,
    Recipe,
    TextNetworkRecipe,
    TextNgramsRecipe,
    TextTfidfRecipe,
)
from rakuten.recipes.image import PretrainedRecipe
from rakuten.recipes.plan import FusionMethod

REFERENCE = Path(__file__).parent / "reference"

# The nearest thing it has to a linear classifier over n-grams.
LINEAR_TEXT_MODEL = "linear_svc"
# Of the challenge, not of the report; on titles alone, on the challenge's hidden test rows.
CHALLENGE_BASELINE = "challenge_rnn_baseline"
# The challenge's ResNet50 with 27 layers unfrozen; on its hidden test rows (report, section 1).
IMAGE_BASELINE, IMAGE_BASELINE_F1 = "ResNet50", 0.5534
# Steps of the report's image study: heads on frozen backbones; the same with augmentation; fine-tuning at 1e-5, and at
# the rates that step 4 found.
FROZEN, AUGMENTED, FINE_TUNED, FINAL = 1, 2, 3, 5
FINE_TUNING_RATE = 1e-5
# Of its two combinations, the one with its best image model.
FUSED_MODELS = "dnn+conv1d+Xception"


@dataclass(frozen=True)
class PublishedScore:
    """A score that the report gives for the same model.

    Attributes:
        model: What it was, in the report's words.
        f1_weighted: As published: two decimals, four of the challenge's baseline.
        column: Column of `published_f1_by_class` that holds it by class; None: not published.
    """

    model: str
    f1_weighted: float
    column: str | None


def published_model(recipe: Recipe) -> PublishedScore | None:
    """The report's score of the model that a recipe follows; None where it has no such model."""
    if isinstance(recipe, TextNgramsRecipe):
        return _text_model(LINEAR_TEXT_MODEL, "text")
    if isinstance(recipe, TextTfidfRecipe):
        return _text_model(recipe.estimator.kind, recipe.column)
    if isinstance(recipe, TextNetworkRecipe):
        model = CHALLENGE_BASELINE if recipe.model == "text_rnn" else recipe.model.removeprefix("text_")
        return _text_model(model, recipe.column)
    if isinstance(recipe, PretrainedRecipe):
        return published_image(recipe)
    return None


def published_image(recipe: PretrainedRecipe) -> PublishedScore | None:
    """The report's best score of the same backbone at the same size, in the step that a recipe belongs to."""
    name, size = recipe.backbone.name, recipe.backbone.input_size
    if recipe.backbone.alpha != 1:
        return None
    step = _step_of(recipe)
    runs = _read("image_stages")
    runs = runs[(runs["stage"] == step) & (runs["backbone"] == name) & (runs["input_size"] == size)]
    if len(runs):
        by_class = name if step == FROZEN and name in _read("image_stage1_f1_by_class").columns else None
        return PublishedScore(f"{name}, {size} px, step {step}", float(runs["f1_weighted"].max()), by_class)
    if name == IMAGE_BASELINE and step != FROZEN:
        return PublishedScore("the challenge's ResNet50", IMAGE_BASELINE_F1, None)
    return None


def published_selection(recipe: ImageFeaturesRecipe) -> float | None:
    """The report's weighted F1 in step 1 with the same backbone, sizes and epochs; None where it tried no such."""
    runs = _read("image_stages")
    same = (
        (runs["stage"] == FROZEN)
        & (runs["backbone"] == recipe.backbone.name)
        & (runs["input_size"] == recipe.backbone.input_size)
        & (runs["batch_size"] == recipe.fit.batch_size)
        & (runs["epochs"] == recipe.fit.epochs)
    )
    return float(runs.loc[same, "f1_weighted"].max()) if recipe.backbone.alpha == 1 and same.any() else None


def published_rate(backbone: Backbone) -> float | None:
    """The learning rate that the report's step 4 found for a backbone; None where it looked for none."""
    rates = _read("image_lr_found").set_index("backbone")["learning_rate"]
    return float(rates[backbone.name]) if backbone.alpha == 1 and backbone.name in rates.index else None


def published_parameters() -> dict[str, int]:
    """Parameters of each backbone with its top, as the report counts them."""
    counts = _read("backbones").set_index("backbone")["params_with_top"]
    return {str(name): int(count) for name, count in counts.items()}


def published_fusion(method: FusionMethod) -> PublishedScore | None:
    """The report's score of the same vote; None for what it did not try."""
    votes = _read("fusion")
    score = votes.loc[(votes["models"] == FUSED_MODELS) & (votes["vote"] == method), "f1_weighted"]
    if score.empty:
        return None
    return PublishedScore(f"{method} vote of {FUSED_MODELS}", float(score.iloc[0]), f"{method}_vote")


def best_published() -> PublishedScore:
    """The report's best score, to stand beside a decision that follows none of its models."""
    best = published_fusion("weighted")
    assert best is not None
    return best


def published_f1_by_class() -> pd.DataFrame:
    """F1 by class as published.

    Returns:
        Indexed by prdtypecode; columns conv1d, dnn, max_vote, weighted_vote, support (of the report's test rows), and
        the five best backbones of its image study, frozen, by name.
    """
    fused = _read("fusion_f1_by_class")
    fused = fused[fused["models"] == FUSED_MODELS].drop(columns="models").set_index("prdtypecode")
    frozen = _read("image_stage1_f1_by_class").set_index("prdtypecode")
    return _read("text_f1_by_class").set_index("prdtypecode").join(fused).join(frozen)


def _step_of(recipe: PretrainedRecipe) -> int:
    if not isinstance(recipe, ImageBackboneRecipe):
        return FROZEN
    if recipe.unfrozen_layers == 0:
        return AUGMENTED
    return FINE_TUNED if recipe.fit.learning_rate <= FINE_TUNING_RATE else FINAL


def published_fusions() -> list[dict[str, Any]]:
    """The report's section 5.2: both combinations of models, both votes.

    Returns:
        One dict a row: models, weights, vote, accuracy, f1_macro, f1_weighted.
    """
    return records(_read("fusion"))


def published_fusion_f1() -> dict[str, dict[int, float]]:
    """F1 by class of the same, by "<vote> vote of <models>", then by prdtypecode."""
    rows = _read("fusion_f1_by_class").set_index("prdtypecode")
    return {
        f"{vote} vote of {models}": {int(str(code)): float(f1) for code, f1 in of_models[f"{vote}_vote"].items()}
        for models, of_models in rows.groupby("models", sort=False)
        for vote in ("max", "weighted")
    }


def _text_model(model: str, column: str) -> PublishedScore | None:
    models = _read("text_models")
    score = models.loc[models["model"] == model, f"f1_weighted_{column}"].dropna()
    if score.empty:
        return None
    by_class = model if model in _read("text_f1_by_class").columns else None
    return PublishedScore(f"{model} on {column}", float(score.iloc[0]), by_class)


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{name}.csv")
