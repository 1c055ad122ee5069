"""The figures of the report that this project follows, to stand beside ours.

They are its own, on its own 20 % split of 84,916 products, on which it also chose epochs, learning rates and weights.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from rakuten.recipes import ImageFeaturesRecipe, Recipe, TextNetworkRecipe, TextNgramsRecipe, TextTfidfRecipe
from rakuten.recipes.plan import Vote

REFERENCE = Path(__file__).parent / "reference"

# The nearest thing it has to a linear classifier over n-grams.
LINEAR_TEXT_MODEL = "linear_svc"
# Of the challenge, not of the report; on titles alone, on the challenge's hidden test rows.
CHALLENGE_BASELINE = "challenge_rnn_baseline"
# Stage 1 trained a head on a frozen backbone, as features recipes do.
FROZEN_STAGE = 1
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
    if isinstance(recipe, ImageFeaturesRecipe):
        return _frozen_backbone(recipe.backbone.name, recipe.backbone.input_size)
    return None


def published_vote(vote: Vote) -> PublishedScore:
    """The report's score of a vote."""
    votes = _read("fusion")
    score = votes.loc[(votes["models"] == FUSED_MODELS) & (votes["vote"] == vote), "f1_weighted"]
    return PublishedScore(f"{vote} vote of {FUSED_MODELS}", float(score.iloc[0]), f"{vote}_vote")


def published_f1_by_class() -> pd.DataFrame:
    """F1 by class as published.

    Returns:
        Indexed by prdtypecode; columns conv1d, dnn, max_vote, weighted_vote and support (of the report's test rows).
    """
    fused = _read("fusion_f1_by_class")
    fused = fused[fused["models"] == FUSED_MODELS].drop(columns="models").set_index("prdtypecode")
    return _read("text_f1_by_class").set_index("prdtypecode").join(fused)


def _text_model(model: str, column: str) -> PublishedScore | None:
    models = _read("text_models")
    score = models.loc[models["model"] == model, f"f1_weighted_{column}"].dropna()
    if score.empty:
        return None
    by_class = model if model in _read("text_f1_by_class").columns else None
    return PublishedScore(f"{model} on {column}", float(score.iloc[0]), by_class)


def _frozen_backbone(name: str, input_size: int) -> PublishedScore | None:
    runs = _read("image_stages")
    runs = runs[(runs["stage"] == FROZEN_STAGE) & (runs["backbone"] == name) & (runs["input_size"] == input_size)]
    if runs.empty:
        return None
    return PublishedScore(f"{name}, frozen, {input_size} px", float(runs["f1_weighted"].max()), None)


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{name}.csv")
