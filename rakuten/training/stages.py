"""The three stages of all model families: training, refit, search for a learning rate.

They import no family: the key of a training covers this module, the modules that its recipe names and what those reach.
"""

from pathlib import Path
from typing import Any

from rakuten.outputs import StageOutput
from rakuten.recipes import ModelRecipe, RateFinderRecipe
from rakuten.stages import stage
from rakuten.training.family import ModelInputs, TrainingData, family_of


@stage(version=1, isolated=True)
def train_model(
    out: Path, recipe: ModelRecipe, clean: StageOutput, split: StageOutput, inputs: ModelInputs
) -> dict[str, Any]:
    """Train the model of a recipe on train rows; products that lack what it reads are left out and counted.

    Args:
        out: Work folder; checkpoints of an interrupted attempt are in its scratch.
        recipe: What is trained and how.
        clean: `clean_products`.
        split: `split_products`.
        inputs: What the recipe lists in `inputs`.

    Returns:
        Facts: train_rows, and what the family adds (epochs, terms, scores on validation rows …).

    Raises:
        InputError: If rows that the model needs are absent, weights are not those of the backbone, or it diverges.
        MismatchError: If `split` and `clean` are not of the same products.
        RecipeError: If the recipe's network does not exist or cannot be given its hyperparameters.
        WeightsNotFoundError: If the weights are gone or changed.
        ConstantPredictionError: If the model predicts one class for all validation rows, and its recipe does not allow
            that.

    Output:
        The model: files of the family.
        probabilities.parquet: Of test rows by that model; of validation rows by what the other folds stop or calibrate.
        probabilities_unpictured.parquet: The same, images hidden; of models that read texts and images.
        history.parquet: Of a network: loss and scores, one row an epoch.
    """
    return family_of(recipe).fit(out, TrainingData(recipe, clean, split, inputs))


@stage(version=1, isolated=True)
def refit_model(
    out: Path, recipe: ModelRecipe, clean: StageOutput, split: StageOutput, inputs: ModelInputs, scored: StageOutput
) -> dict[str, Any]:
    """Fit the model of a recipe to all labelled products, with the epochs or the calibration of the scored model.

    Args:
        out, recipe, clean, inputs: As of `train_model`.
        split: `pool_sides`.
        scored: `train_model`, of the same recipe.

    Returns:
        Facts, as of `train_model`, without scores.

    Output:
        The model. No probabilities: there is no product left to score it on.
    """
    return family_of(recipe).refit(out, TrainingData(recipe, clean, split, inputs), scored)


@stage(version=1, isolated=True)
def search_learning_rate(
    out: Path,
    recipe: ModelRecipe,
    clean: StageOutput,
    split: StageOutput,
    inputs: ModelInputs,
    finder: RateFinderRecipe,
) -> dict[str, Any]:
    """Search the learning rate of a recipe's network: a range test on train rows, then short fits.

    Args:
        out, recipe, clean, split, inputs: As of `train_model`.
        finder: Which rates are tried, and for how long each.

    Returns:
        Facts: learning_rate (recommended), found (by the range test), diverged_at, steps, resumed_from_step,
        train_rows.

    Raises:
        InputError: If there are too few train rows, or no rate lowers the loss.
        RecipeError: If the family has no learning rate, or as of `train_model`.

    Output:
        curve.parquet, choice.json: See `rakuten.training.lr_finder.search`.
    """
    return family_of(recipe).search_learning_rate(out, TrainingData(recipe, clean, split, inputs), finder)
