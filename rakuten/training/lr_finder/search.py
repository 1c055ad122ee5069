"""Learning rate search for any Keras network of this project: a range test on train rows, then short fits."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from rakuten.outputs import SCRATCH
from rakuten.outputs.atomic import write_whole
from rakuten.recipes import RateFinderRecipe
from rakuten.training.lr_finder.range_test import range_test
from rakuten.training.lr_finder.rate_choice import choose_rate
from rakuten.training.lr_finder.rate_trial import candidate_rates, choose_trial, try_rates
from rakuten.training.networks.checkpoints import CHECKPOINT_SECONDS
from rakuten.training.networks.network import CHECKPOINTS, NetworkData

CURVE = "curve.parquet"
CHOICE = "choice.json"


def search_network_rate(
    out: Path, data: NetworkData, finder: RateFinderRecipe, checkpoint_seconds: float = CHECKPOINT_SECONDS
) -> dict[str, Any]:
    """Search the learning rate of a network, or finish an interrupted search; results and errors as of the stage.

    Args:
        out: Work folder; an interrupted attempt's checkpoints are in its scratch.
        data: With train rows; no others are looked at. The recipe's own rate is one of those compared by short fits.
        finder: Which rates are tried, and for how long each.
        checkpoint_seconds: Age at which a checkpoint is due; 0: one every step.

    Output:
        curve.parquet: step (from 1), learning_rate, loss (the mean over its batches; null where it was no number),
            smoothed (null from where the loss diverged).
        choice.json: method, learning_rate (recommended) and why; found (by the range test), why_found, lowest_at,
            volatility, volatility_limit, diverged_at, limit, see `Choice`; trials (learning_rate, loss and f1_weighted
            on held-out train rows, epoch, own), see `Trial`.
    """

    recipe, examples = data.recipe, data.examples
    train = examples.rows(examples.indices("train"))
    scratch = out / SCRATCH / CHECKPOINTS
    tested = range_test(
        data.build(),
        train,
        recipe.fit,
        finder,
        seed=recipe.seed,
        scratch=scratch / "range_test",
        checkpoint_seconds=checkpoint_seconds,
    )
    choice = choose_rate(tested.rates, tested.losses, finder.smoothing)
    own = recipe.fit.learning_rate
    trials = try_rates(candidate_rates(choice.rate, own), data, scratch, checkpoint_seconds)
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
        **data.facts,
        "learning_rate": best.rate,
        "found": choice.rate,
        "diverged_at": choice.diverged_at,
        "steps": tested.steps,
        "resumed_from_step": tested.resumed_from_step,
        "train_rows": len(train),
    }
