"""Short fits that decide between learning rates: the one a range test found, lower ones, and the recipe's own.

A range test sees how fast a fresh network learns within some hundred steps and not what becomes of it: it favours rates
that later ruin the network. Each candidate is therefore fitted for some epochs to nine tenths of the train rows, and
compared on the last tenth. Validation rows are not looked at, because fusions are chosen on them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rakuten.errors import DivergenceError, InputError
from rakuten.training.networks.checkpoints import CHECKPOINT_SECONDS
from rakuten.training.networks.fit import fit
from rakuten.training.networks.network import NetworkData
from rakuten.training.networks.scoring import score
from rakuten.training.networks.stopping import kept_epoch, row_losses

Floats = npt.NDArray[np.float64]

# Parts of the found rate that are tried beside it.
PARTS = (1.0, 3.0, 10.0)
# Rates closer than this are one candidate.
SAME_RATE = 1.2
# Steps and epochs of a short fit, at least, within the recipe's own epochs.
LEAST_STEPS = 600
LEAST_EPOCHS = 5
# Standard errors by which another rate must be better than the recipe's own. Short fits favour rates that learn fast:
# on 4,000 titles 3.5e-3 had a loss lower by 0.04 than 1e-3 after 300 steps, and two points less F1 in the end.
BETTER = 2.0
# One row in so many is held out.
HELD_OUT = 10
FEWEST_ROWS = 2 * HELD_OUT


@dataclass(frozen=True)
class Trial:
    """A short fit at one learning rate.

    Attributes:
        rate: The learning rate.
        losses: float64 (num_held_out_rows,), cross-entropy of each held-out row after the kept epoch; infinite where
            the fit diverged.
        f1_weighted: Weighted F1 on them; 0 where the fit diverged.
        epoch: The kept epoch, counted from 1; 0 where the fit diverged.
    """

    rate: float
    losses: Floats
    f1_weighted: float
    epoch: int

    @property
    def loss(self) -> float:
        """Mean cross-entropy."""
        return float(self.losses.mean())

    def as_json(self, *, own: bool) -> dict[str, Any]:
        """What `choice.json` keeps of it; a loss that is not finite is null."""
        return {
            "learning_rate": self.rate,
            "loss": self.loss if np.isfinite(self.loss) else None,
            "f1_weighted": self.f1_weighted,
            "epoch": self.epoch,
            "own": own,
        }


def candidate_rates(found: float, own: float) -> tuple[float, ...]:
    """Rates to try, ascending: the found one, a third and a tenth of it, and the recipe's own."""
    parts = [found / part for part in PARTS]
    return tuple(sorted([own, *(rate for rate in parts if not _same(rate, own))]))


def choose_trial(trials: Sequence[Trial], own: float) -> tuple[Trial, str]:
    """The trial of the smallest loss; the recipe's own rate where no other is better by more than chance.

    Args:
        trials: At least one, all of the same held-out rows.
        own: The recipe's rate, which is among those tried.

    Returns:
        The trial, and the reason in words.

    Raises:
        InputError: If all of them diverged.
    """
    best = min(trials, key=lambda trial: trial.loss)
    if not np.isfinite(best.loss):
        raise InputError(
            f"the loss stopped being finite at every learning rate tried: {', '.join(f'{t.rate:.2g}' for t in trials)}"
        )
    of_own = next(trial for trial in trials if trial.rate == own)
    if best is of_own:
        return best, "the recipe's own rate has the smallest loss on held-out train rows"
    differences = of_own.losses - best.losses
    error = float(differences.std(ddof=1) / np.sqrt(len(differences))) if np.isfinite(of_own.loss) else 0.0
    if of_own.loss - best.loss <= BETTER * error:
        return of_own, (
            f"the recipe's own rate; {best.rate:.2g} has a loss on held-out train rows that is lower by "
            f"{of_own.loss - best.loss:.3f}, within {BETTER:g} standard errors ({error:.3f})"
        )
    return best, f"the smallest loss on held-out train rows; the recipe's own rate, {own:.2g}, has a higher one"


def try_rates(
    rates: Sequence[float], data: NetworkData, scratch: Path, checkpoint_seconds: float = CHECKPOINT_SECONDS
) -> list[Trial]:
    """Short fits at several learning rates, from the same weights, on the same rows in the same order.

    Args:
        rates: Learning rates.
        data: With train rows; no others are looked at. The recipe's epochs are the most that a short fit has.
        scratch: Folder of checkpoints; what an interrupted attempt left there is used.
        checkpoint_seconds: As of `fit`.

    Raises:
        InputError: If there are fewer than `FEWEST_ROWS` train rows.
    """
    recipe, examples = data.recipe, data.examples
    indices = examples.indices("train")
    if len(indices) < FEWEST_ROWS:
        raise InputError(f"expected at least {FEWEST_ROWS} train rows to compare learning rates on, got {len(indices)}")
    held_out = np.random.default_rng(recipe.seed).permutation(len(indices)) % HELD_OUT == 0
    fitted, compared = examples.rows(indices[~held_out]), examples.rows(indices[held_out])
    batch_size = recipe.fit.batch_size_of(len(fitted))
    epochs = min(recipe.fit.epochs, max(LEAST_EPOCHS, -(-LEAST_STEPS * batch_size // len(fitted))))
    trials = []
    for index, rate in enumerate(rates):
        settings = recipe.fit.model_copy(update={"learning_rate": rate, "epochs": epochs, "restore_best": False})
        try:
            done = fit(
                data.build(),
                fitted,
                compared,
                settings,
                seed=recipe.seed,
                scratch=scratch / f"trial_{index}",
                checkpoint_seconds=checkpoint_seconds,
            )
        except DivergenceError:
            trials.append(Trial(rate, np.full(len(compared), np.inf), 0.0, 0))
            continue
        losses = row_losses(done.validated, compared.targets)
        epoch = kept_epoch(losses.mean(axis=1).tolist(), recipe.fit)
        f1_weighted = score(done.validated[epoch - 1], compared.targets).f1_weighted
        trials.append(Trial(rate, losses[epoch - 1], f1_weighted, epoch))
    return trials


def _same(one: float, other: float) -> bool:
    return max(one, other) / min(one, other) < SAME_RATE
