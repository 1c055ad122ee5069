"""Choosing a learning rate from the losses of a range test: what shapes mean, and what must not matter."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rakuten.errors import InputError
from rakuten.training.lr_finder.rate_choice import Choice, choose_rate, divergence

Floats = npt.NDArray[np.float64]
SMOOTHING = 0.5
NUM_RATES = 200
RATES = np.geomspace(1e-5, 2.5, NUM_RATES, endpoint=False)
PLACES = np.arange(NUM_RATES)


def choose(losses: Floats) -> Choice:
    return choose_rate(RATES[: len(losses)], losses, SMOOTHING)


def valley(lowest: int, depth: float = 2.0, noise: float = 0.0, seed: int = 0) -> Floats:
    """Losses that fall from 3.3 to a lowest point and rise again, as far on either side."""
    fall = np.minimum(np.abs(PLACES - lowest) / 60, 1)
    return 3.3 - depth * (1 - fall**2) + noise * np.random.default_rng(seed).standard_normal(NUM_RATES)


def near(place: int, factor: float = 1.35) -> tuple[float, float]:
    return RATES[place] / factor, RATES[place] * factor


def test_the_bottom_of_a_smooth_valley_is_chosen() -> None:
    choice = choose(valley(120))
    assert choice.rate == choice.lowest_at == pytest.approx(RATES[120])
    assert choice.diverged_at is None
    assert choice.why == "the lowest smoothed loss"


@pytest.mark.parametrize("seed", range(5))
def test_noise_moves_the_choice_no_further_than_the_valley_is_flat(seed: int) -> None:
    choice = choose(valley(120, noise=0.15, seed=seed))
    assert RATES[120] / 4 < choice.rate <= choice.lowest_at < RATES[120] * 3


def test_of_rates_that_are_as_good_within_the_noise_the_smallest_is_chosen() -> None:
    plateau = 3.3 - 2 * np.clip((PLACES - 40) / 40, 0, 1) + 2 * np.clip((PLACES - 160) / 20, 0, 1)
    choice = choose(plateau + 0.1 * np.random.default_rng(0).standard_normal(NUM_RATES))
    assert RATES[80] < choice.rate < 4 * RATES[80]
    assert choice.lowest_at > 10 * choice.rate
    assert "the smallest rate whose smoothed loss is within the noise of the lowest" in choice.why


def test_loss_that_falls_to_the_end_gives_the_highest_rate_and_says_so() -> None:
    choice = choose(3.3 - PLACES / 100)
    low, high = near(NUM_RATES - 1)
    assert low < choice.rate < high
    assert "the loss fell to the end, so a higher rate may be better still" in choice.why


def test_loss_that_only_rises_is_refused() -> None:
    with pytest.raises(InputError, match=r"no learning rate from 1e-05 to .* lowered the loss beyond its noise"):
        choose(1 + PLACES / 100.0)


def test_constant_loss_is_refused() -> None:
    with pytest.raises(InputError, match="no learning rate"):
        choose(np.full(NUM_RATES, 3.3))


def test_noise_alone_is_refused_however_it_falls() -> None:
    for seed in range(200):
        with pytest.raises(InputError, match="lowered the loss beyond its noise"):
            choose(3.3 + np.random.default_rng(seed).standard_normal(NUM_RATES))


def test_lowest_loss_among_volatile_ones_is_not_chosen() -> None:
    losses = valley(80)
    losses[150:170:2] -= 6.0
    losses[151:170:2] += 1.0
    choice = choose(losses)
    low, high = near(80)
    assert low < choice.rate < high
    assert "lower still at" in choice.why
    assert "where losses are volatile" in choice.why
    assert choice.volatility <= choice.volatility_limit


@pytest.mark.parametrize("spike", [-3.0, 3.0, 30.0])
def test_single_spike_far_from_the_valley_does_not_move_the_choice(spike: float) -> None:
    losses = valley(80)
    losses[140] += spike
    assert choose(losses).rate == choose(valley(80)).rate


def test_single_spike_into_the_depth_is_not_chosen() -> None:
    losses = valley(80)
    losses[140] = -50.0
    choice = choose(losses)
    assert choice.rate == choose(valley(80)).rate
    assert "where losses are volatile" in choice.why


def test_steep_trend_is_not_volatile() -> None:
    falling = 100 * (1 - np.clip(PLACES / 100, 0, 1)) + 1
    choice = choose(np.where(PLACES > 150, 30.0, falling))
    low, high = near(100, 1.6)
    assert low < choice.rate < high


@pytest.mark.parametrize("end", [np.inf, np.nan, -np.inf, 1e9])
def test_divergence_is_told_and_what_follows_is_not_looked_at(end: float) -> None:
    losses = valley(100)
    losses[170] = end
    choice = choose(losses)
    assert choice.diverged_at == pytest.approx(RATES[170])
    assert choice.rate == choose(losses[:170]).rate
    assert np.isfinite(choice.smoothed[:170]).all()
    assert np.isnan(choice.smoothed[170:]).all()


@pytest.mark.parametrize("end", [np.inf, 1e9])
def test_a_rate_close_to_the_divergence_is_not_chosen(end: float) -> None:
    losses = 3.3 - PLACES / 100
    losses[150] = end
    choice = choose(losses)
    assert choice.limit == pytest.approx(RATES[150] / 10)
    low, _ = near(150)
    assert low / 15 < choice.rate <= RATES[150] / 10
    assert "a factor of 10 below the one where the loss rises" in choice.why


def test_a_rate_close_to_where_the_gain_is_lost_is_not_chosen() -> None:
    """A network that dies quietly: the loss falls for long, and returns to where it was without diverging."""
    losses = np.where(PLACES < 150, 3.3 - PLACES / 100, 3.3)
    choice = choose(losses)
    assert choice.diverged_at is None
    assert choice.rate < RATES[150] / 8
    assert choice.lowest_at > 5 * choice.rate


def test_climb_far_above_the_first_losses_is_divergence_and_a_return_to_them_is_not() -> None:
    climbing = valley(80) + np.maximum(PLACES - 140, 0) ** 2 / 50
    place = divergence(RATES, climbing, SMOOTHING)
    assert place is not None
    assert 150 < place < 180
    assert divergence(RATES, valley(80), SMOOTHING) is None


@pytest.mark.parametrize("num_losses", [0, 1, 2, 9])
def test_too_few_losses_are_refused(num_losses: int) -> None:
    with pytest.raises(InputError, match=f"at least 10 losses before they diverge, received {num_losses}"):
        choose(valley(100)[:num_losses])


def test_losses_that_diverge_at_once_are_too_few() -> None:
    losses = valley(100)
    losses[3] = np.nan
    with pytest.raises(InputError, match="received 3"):
        choose(losses)


valleys = st.builds(
    valley,
    lowest=st.integers(50, NUM_RATES - 30),
    depth=st.floats(1.0, 3.0),
    noise=st.floats(0, 0.1),
    seed=st.integers(0, 1000),
)


@given(losses=valleys, power=st.integers(-20, 20))
@settings(deadline=None)
def test_choice_does_not_depend_on_the_scale_of_the_losses(losses: Floats, power: int) -> None:
    # By powers of two, so that no rounding decides between rates that are equally good.
    scaled, choice = choose(losses * 2.0**power), choose(losses)
    assert (scaled.rate, scaled.lowest_at, scaled.diverged_at) == (choice.rate, choice.lowest_at, choice.diverged_at)


@given(
    losses=valleys,
    broken=st.sampled_from([np.inf, np.nan, -np.inf]),
    rest=st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=40),
)
@settings(deadline=None)
def test_choice_does_not_depend_on_anything_after_the_divergence(
    losses: Floats, broken: float, rest: list[float]
) -> None:
    start = losses[: NUM_RATES - 1 - len(rest)]
    choice, whole = choose(np.append(start, broken)), choose(np.concatenate([start, [broken], rest]))
    assert (whole.rate, whole.diverged_at) == (choice.rate, choice.diverged_at)
    assert whole.rate <= choose(start).rate, "the margin to the divergence"


@given(losses=st.lists(st.floats(0, 1e6), min_size=0, max_size=NUM_RATES), more=st.lists(st.floats(), max_size=20))
@settings(deadline=None)
def test_divergence_once_seen_stays_where_it_was(losses: list[float], more: list[float]) -> None:
    place = divergence(RATES, losses, SMOOTHING)
    together = (losses + more)[:NUM_RATES]
    if place is not None:
        assert divergence(RATES, together, SMOOTHING) == place
        assert divergence(RATES, losses[: place + 1], SMOOTHING) == place
        assert divergence(RATES, losses[:place], SMOOTHING) is None


@given(losses=st.lists(st.floats(0, 1e3), min_size=10, max_size=NUM_RATES))
@settings(deadline=None)
def test_whatever_is_chosen_was_tried_is_calm_and_lies_below_the_start(losses: list[float]) -> None:
    try:
        choice = choose(np.array(losses))
    except InputError:
        return
    assert choice.rate in RATES[: len(losses)]
    assert choice.rate <= choice.lowest_at
    assert choice.volatility <= choice.volatility_limit
    place = int(np.searchsorted(RATES, choice.rate))
    assert choice.smoothed[place] < choice.smoothed[0]
