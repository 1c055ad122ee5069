"""Short fits at several learning rates, and the choice between them."""

from pathlib import Path

import numpy as np
import pytest
import tiny_training
from tiny_training import tiny_examples

from rakuten.errors import InputError
from rakuten.training.examples import Examples
from rakuten.training.lr_finder.rate_trial import Trial, candidate_rates, choose_trial, try_rates
from rakuten.training.networks.network import NetworkData


def trial(rate: float, losses: list[float] | float) -> Trial:
    return Trial(rate, np.broadcast_to(np.asarray(losses, np.float64), 40), 0.5, 1)


def test_the_found_rate_is_tried_beside_lower_ones_and_the_recipes_own() -> None:
    assert candidate_rates(1e-2, 2e-4) == pytest.approx((2e-4, 1e-3, 1e-2 / 3, 1e-2))
    assert candidate_rates(1e-2, 1.1e-3) == pytest.approx((1.1e-3, 1e-2 / 3, 1e-2)), "rates that are all but equal"
    assert candidate_rates(1e-3, 1e-3) == pytest.approx((1e-4, 1e-3 / 3, 1e-3))


def test_the_smallest_loss_is_chosen() -> None:
    best, why = choose_trial([trial(1e-3, 1.0), trial(1e-2, 0.5), trial(1e-1, 2.0)], own=1e-3)
    assert best.rate == 1e-2
    assert "the recipe's own rate, 0.001, has a higher one" in why


def test_the_recipes_own_rate_stays_where_no_other_is_better_beyond_chance() -> None:
    noise = np.random.default_rng(0).normal(0, 1, 40)
    own, other = trial(1e-3, (1.0 + noise - noise.mean()).tolist()), trial(1e-2, 0.95)
    best, why = choose_trial([own, other], own=1e-3)
    assert best is own
    assert "within 2 standard errors" in why


def test_a_rate_at_which_the_network_diverges_is_not_chosen() -> None:
    best, _ = choose_trial([trial(1e-3, np.inf), trial(1e-2, 3.0)], own=1e-3)
    assert best.rate == 1e-2
    with pytest.raises(InputError, match=r"stopped being finite at every learning rate tried: 0.001, 0.01"):
        choose_trial([trial(1e-3, np.inf), trial(1e-2, np.inf)], own=1e-3)


def tried(scratch: Path, rates: list[float], examples: Examples | None = None) -> list[Trial]:
    return try_rates(rates, NetworkData(tiny_training.RECIPE, examples or tiny_examples(), (16, 16, 3)), scratch)


def test_rates_are_compared_on_train_rows_alone_and_one_that_ruins_the_network_loses(tmp_path: Path) -> None:
    examples = tiny_examples()
    # Other classes on the other sides: they change nothing.
    changed = np.where(examples.sides == "train", examples.targets, 5)
    other = Examples(examples.productids, changed, examples.sides, examples.gather)
    sane, ruinous = first = tried(tmp_path / "a", [1e-3, 1e30])
    assert np.isfinite(sane.losses).all()
    assert ruinous.losses.tolist() == [np.inf] * len(ruinous.losses)
    assert choose_trial(first, own=1e30)[0] is sane
    again = tried(tmp_path / "b", [1e-3], other)
    assert np.array_equal(again[0].losses, sane.losses)


def test_too_few_train_rows_are_refused(tmp_path: Path) -> None:
    few = tiny_examples()
    sides = np.where(np.arange(len(few.sides)) < 12, "train", "test")
    with pytest.raises(InputError, match="expected at least 20 train rows to compare learning rates on, got 12"):
        tried(tmp_path, [1e-3], Examples(few.productids, few.targets, sides, few.gather))
