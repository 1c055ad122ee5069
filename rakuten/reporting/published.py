"""Figures of the reference study that this project follows, beside ours where the same model was measured.

They are its own, on its own 20 % split of 84,916 products, on which it also chose epochs, learning rates and weights. A
model of ours has a figure only if it is the study's model on the same input: a text recipe that reproduces one of its
text models, an image recipe with the settings of one of its runs, a vote of one of its two combinations.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rakuten.catalogue.classes import CODES
from rakuten.data.split import SPLIT
from rakuten.outputs import StageOutput
from rakuten.pages.tables import records
from rakuten.recipes import Backbone, Plan, Recipe, load_plan, load_recipe
from rakuten.recipes.plan import FusionMethod

REFERENCE = Path(__file__).parent / "reference"

# Text models of the study by our recipe that reproduces each: (model, column). Its networks on titles alone read 400 or
# 500 positions where ours read 60; its baseline, a recurrent network of unknown cell and size, is the challenge's.
TEXT_MODELS = {
    **{
        f"text_{model}{suffix}": (model, column)
        for model in ("logistic_regression", "svm", "random_forest", "voting", "xgboost", "linear_svc")
        for suffix, column in (("", "text"), ("_designation", "designation"))
    },
    **{f"text_{model}": (model, "text") for model in ("gru", "bilstm", "conv1d", "dnn")},
}
# The challenge's image baseline, on its hidden test rows (report, section 1).
IMAGE_BASELINE, IMAGE_BASELINE_F1 = "image_resnet50_baseline", 0.5534
# First step of the study's image runs: heads on frozen backbones, without augmentation.
FROZEN = 1
# The settings that all its image runs share are those of these recipes: with and without augmentation.
SHARED_SETTINGS = {"image_features": "image_xception_frozen", "image_backbone": "image_xception_augmented"}
# Its two combinations, by our plan that reproduces each.
COMBINATIONS = {"report_xception": "dnn+conv1d+Xception", "report_inception_v3": "dnn+conv1d+InceptionV3"}
# It called numpy's maximum(a, b, c), whose third argument is where the result is written.
MAX_VOTE_REMARK = "Conv1D left out by mistake"
# (combination, vote, class) of figures that cannot be right. This one is printed 0,59 as the last of a column that
# ascends, after 0,96; so are the class's max vote, and its weighted vote in the other combination.
MISPRINTS = {("dnn+conv1d+InceptionV3", "weighted", 1160)}


@dataclass(frozen=True)
class PublishedScore:
    """A score that the study gives for the same model.

    Attributes:
        model: What it was, in the study's words.
        f1_weighted: As published: two decimals, four of the challenge's baseline.
        by_class: F1 by prdtypecode; None: not published.
        misprints: Classes whose figure cannot be right.
    """

    model: str
    f1_weighted: float
    by_class: Mapping[int, float] | None = None
    misprints: frozenset[int] = frozenset()


def is_challenge_catalogue(snapshots: Iterable[StageOutput], split: StageOutput) -> bool:
    """Whether scores can stand beside the study's: no generated products, and labels of all 27 classes and no others.

    Args:
        snapshots: `record_snapshot` of each dump.
        split: `split_products` of all their products.
    """
    if any(snapshot.facts.get("generated") for snapshot in snapshots):
        return False
    return set(pd.read_parquet(split.file(SPLIT), columns=["prdtypecode"])["prdtypecode"]) == set(CODES)


def published_model(recipe: Recipe) -> PublishedScore | None:
    """The study's score of the model that a recipe reproduces; None where there is none."""
    for name, (model, column) in TEXT_MODELS.items():
        if _is_same(recipe, load_recipe(name)):
            return _text_model(model, column)
    return published_image(recipe) if recipe.family in SHARED_SETTINGS else None


def published_image(recipe: Recipe) -> PublishedScore | None:
    """The study's score of the same backbone with the same settings, of a recipe of `SHARED_SETTINGS`."""
    if _is_same(recipe, load_recipe(IMAGE_BASELINE)):
        return PublishedScore("the challenge's ResNet50", IMAGE_BASELINE_F1)
    if _shared_settings(recipe) != _shared_settings(load_recipe(SHARED_SETTINGS[recipe.family])):
        return None
    settings = recipe.model_dump(mode="json")
    runs = _read("image_stages")
    same = runs[
        ((runs["stage"] == FROZEN) == (recipe.family == "image_features"))
        & (runs["backbone"] == settings["backbone"]["name"])
        & (runs["input_size"] == settings["backbone"]["input_size"])
        & (runs["unfrozen_layers"].astype(str) == str(settings.get("unfrozen_layers", 0)))
        & (runs["batch_size"] == settings["fit"]["batch_size"])
        & (runs["epochs"] == settings["fit"]["epochs"])
        & (runs["learning_rate"] == settings["fit"]["learning_rate"])
    ]
    return None if same.empty else _image_score(same.iloc[0], runs)


def published_rate(backbone: Backbone) -> float | None:
    """The learning rate that the study's step 4 found for a backbone; None where it looked for none."""
    rates = _read("image_lr_found").set_index("backbone")["learning_rate"]
    return float(rates[backbone.name]) if backbone.alpha == 1 and backbone.name in rates.index else None


def published_parameters() -> dict[str, int]:
    """Parameters of each backbone with its top, as the study counts them."""
    counts = _read("backbones").set_index("backbone")["params_with_top"]
    return {str(name): int(count) for name, count in counts.items()}


def published_combination(plan: Plan) -> str | None:
    """The study's combination of models that a plan reproduces, `dnn+conv1d+Xception` for instance; or None."""
    for name, combination in COMBINATIONS.items():
        models = load_plan(name).recipes
        if len(models) == len(plan.recipes) and all(map(_is_same, plan.recipes, models)):
            return combination
    return None


def published_vote(plan: Plan, method: FusionMethod) -> PublishedScore | None:
    """The study's score of the same vote of the same models; None for what it did not try."""
    combination = published_combination(plan)
    if combination is None or plan.fusion.calibrate:
        return None
    row = next((row for row in published_fusions(combination) if row["vote"] == method), None)
    given = "/".join(f"{weight:.2f}" for weight in plan.fusion.weights.values())
    if row is None or (method == "weighted" and given != row["weights"]):
        return None
    by_class = published_fusion_f1(combination)[method]
    remark = f" ({MAX_VOTE_REMARK})" if method == "max" else ""
    return PublishedScore(
        f"{method} vote of {combination}{remark}", row["f1_weighted"], by_class, misprints_of(combination, method)
    )


def published_fusions(combination: str) -> list[dict[str, Any]]:
    """Both votes of a combination (report, section 5.2).

    Returns:
        One dict a row: models, weights, vote, accuracy, f1_macro, f1_weighted.
    """
    votes = _read("fusion")
    return records(votes[votes["models"] == combination])


def published_fusion_f1(combination: str) -> dict[str, dict[int, float]]:
    """F1 by class of the same, by vote ("max", "weighted"), then by prdtypecode."""
    rows = _read("fusion_f1_by_class")
    rows = rows[rows["models"] == combination].set_index("prdtypecode").sort_index()
    return {vote: _by_code(rows[f"{vote}_vote"]) for vote in ("max", "weighted")}


def misprints_of(combination: str, vote: str) -> frozenset[int]:
    """Classes whose F1 is printed wrong in one of these votes."""
    return frozenset(code for models, of, code in MISPRINTS if (models, of) == (combination, vote))


def published_support() -> dict[int, int]:
    """The study's test products by prdtypecode."""
    rows = _read("fusion_f1_by_class").drop_duplicates("prdtypecode").set_index("prdtypecode")
    return {int(str(code)): int(count) for code, count in rows["support"].items()}


def _is_same(recipe: Recipe, other: Recipe) -> bool:
    """Whether two recipes make the same model of the same input, whatever they are called."""
    return recipe.model_dump(exclude={"name", "seed"}) == other.model_dump(exclude={"name", "seed"})


def _shared_settings(recipe: Recipe) -> dict[str, Any]:
    """What does not differ between the study's image runs of one kind."""
    varied: dict[str, Any] = {
        "name": True,
        "seed": True,
        "unfrozen_layers": True,
        "backbone": {"name", "input_size"},
        "fit": {"batch_size", "epochs", "learning_rate"},
    }
    return recipe.model_dump(exclude=varied)


def _image_score(run: Any, runs: pd.DataFrame) -> PublishedScore:
    """The score of one row of `image_stages`; F1 by class is published of each backbone's best frozen run."""
    name, step, by_class = str(run["backbone"]), int(run["stage"]), _read("image_stage1_f1_by_class")
    frozen = runs[(runs["stage"] == FROZEN) & (runs["backbone"] == name)]
    is_best = step == FROZEN and run["f1_weighted"] == frozen["f1_weighted"].max()
    figures = _by_code(by_class.set_index("prdtypecode")[name]) if is_best and name in by_class else None
    return PublishedScore(f"{name}, {run['input_size']} px, step {step}", float(run["f1_weighted"]), figures)


def _text_model(model: str, column: str) -> PublishedScore:
    scores = _read("text_models").set_index("model")[f"f1_weighted_{column}"]
    by_class = _read("text_f1_by_class").set_index("prdtypecode")
    # Published for title and description together.
    figures = _by_code(by_class[model]) if column == "text" and model in by_class else None
    return PublishedScore(f"{model} on {column}", float(scores[model]), figures)


def _by_code(figures: "pd.Series[float]") -> dict[int, float]:
    return {int(str(code)): float(figure) for code, figure in figures.items()}


@functools.cache
def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{name}.csv")
