"""Learning rate search for any Keras network of this project: a range test on train rows, then short fits."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from rakuten.training.rate_trial import candidate_rates, choose_trial, try_rates

if TYPE_CHECKING:
    import keras

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
        recipe: What is to be trained; its own learning rate is one of those compared by short fits.
        examples: With train rows; no others are looked at.
        input_shape: Shape of one example.
        finder: Which rates are tried, and for how long each.
        checkpoint_seconds: Age at which a checkpoint is due; 0: one every step.
        weights: File of pre-trained weights that a part of the network starts from; None: all of it is fresh.

    Returns:
        The learning rate that is recommended, the one the range test found, where its loss diverged, its steps, the
        step an interrupted attempt was resumed from, and train rows.

    Raises:
        InputError: If there are no or too few train rows, the weights do not fit, or no rate lowers the loss.
        RecipeError: If the recipe's model does not exist or cannot be given its sizes.

    Output:
        curve.parquet: step (from 1), learning_rate, loss (the mean over its batches; null where it was no number),
            smoothed (null from where the loss diverged).
        choice.json: method, learning_rate (recommended) and why; found (by the range test), why_found, lowest_at,
            volatility, volatility_limit, diverged_at, limit, see `Choice`; trials (learning_rate, loss and f1_weighted
            on held-out train rows, epoch, own), see `Trial`.
    """

    def build() -> "keras.Model":
        make_reproducible(recipe.seed)
        return build_model(recipe, NUM_CLASSES, input_shape, weights)

    train = examples.rows(examples.places("train"))
    scratch = out / SCRATCH / CHECKPOINTS
    tested = range_test(
        build(),
        train,
        recipe.fit,
        finder,
        seed=recipe.seed,
        scratch=scratch / "range_test",
        checkpoint_seconds=checkpoint_seconds,
    )
    choice = choose_rate(tested.rates, tested.losses, finder.smoothing)
    own = recipe.fit.learning_rate
    trials = try_rates(candidate_rates(choice.rate, own), build, recipe, examples, scratch, checkpoint_seconds)
    best, why = choose_trial(trials, own)
    curve = pd.DataFrame({"learning_rate": tested.rates, "loss": tested.losses, "smoothed": choice.smoothed})
    curve.insert(0, "step", range(1, len(curve) + 1))
    curve.to_parquet(out / CURVE, index=False)
    content = {
        "method": finder.method,
        **choice.as_json(),
        "learning_rate": best.rate,
        "why": why,
        "found": choice.rate,
        "why_found": choice.why,
        "trials": [trial.as_json(own=trial.rate == own) for trial in trials],
    }
    write_whole(out / CHOICE, json.dumps(content, indent=2))
    return {
        "learning_rate": best.rate,
        "found": choice.rate,
        "diverged_at": choice.diverged_at,
        "steps": tested.steps,
        "resumed_from_step": tested.resumed_from_step,
        "train_rows": len(train),
    }
