"""Finding a learning rate for any Keras network of this project: a range test on its train rows, and the choice."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from rakuten.data.classes import NUM_CLASSES
from rakuten.determinism import make_reproducible
from rakuten.models.building import build_model
from rakuten.outputs import SCRATCH
from rakuten.outputs.atomic import write_whole
from rakuten.recipes import RateFinderRecipe
from rakuten.recipes.recipe import NetworkRecipe
from rakuten.training.checkpoints import CHECKPOINT_SECONDS
from rakuten.training.examples import Examples
from rakuten.training.range_test import range_test
from rakuten.training.rate_choice import choose_rate

CURVE = "curve.parquet"
CHOICE = "choice.json"
CHECKPOINTS = "checkpoints"


def find_rate(
    out: Path,
    recipe: NetworkRecipe,
    examples: Examples,
    input_shape: tuple[int, ...],
    finder: RateFinderRecipe,
    checkpoint_seconds: float = CHECKPOINT_SECONDS,
    weights: Path | None = None,
) -> dict[str, Any]:
    """Find the learning rate of a recipe's network, or finish an interrupted search.

    Args:
        out: Work folder; an interrupted attempt's checkpoints are in its scratch.
        recipe: What is to be trained; its own learning rate is not used.
        examples: With train rows; no others are looked at.
        input_shape: Shape of one example.
        finder: Which rates are tried, and for how long each.
        checkpoint_seconds: Age at which a checkpoint is due; 0: one every step.
        weights: File of pre-trained weights that a part of the network starts from; None: all of it is fresh.

    Returns:
        The learning rate, where the loss diverged, steps, the step an interrupted attempt was resumed from, and train
        rows.

    Raises:
        InputError: If there are no train rows, the weights do not fit, or no rate lowers the loss.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.

    Output:
        curve.parquet: step (from 1), learning_rate, loss (the mean over its batches; null where it was no number),
            smoothed (null from where the loss diverged).
        choice.json: method, learning_rate, lowest_at, volatility, volatility_limit, diverged_at, why; see `Choice`.
    """
    places = examples.places("train")
    make_reproducible(recipe.seed)
    model = build_model(recipe, NUM_CLASSES, input_shape, weights)
    tested = range_test(
        model,
        examples.rows(places),
        recipe.fit,
        finder,
        seed=recipe.seed,
        scratch=out / SCRATCH / CHECKPOINTS,
        checkpoint_seconds=checkpoint_seconds,
    )
    choice = choose_rate(tested.rates, tested.losses, finder.smoothing)
    curve = pd.DataFrame({"learning_rate": tested.rates, "loss": tested.losses, "smoothed": choice.smoothed})
    curve.insert(0, "step", range(1, len(curve) + 1))
    curve.to_parquet(out / CURVE, index=False)
    write_whole(out / CHOICE, json.dumps({"method": finder.method, **choice.as_json()}, indent=2))
    return {
        "learning_rate": choice.rate,
        "diverged_at": choice.diverged_at,
        "steps": tested.steps,
        "resumed_from_step": tested.resumed_from_step,
        "train_rows": len(places),
    }
