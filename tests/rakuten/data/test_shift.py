"""Shifts are measured as published, alarm as rarely as they promise, and are seen when they are there."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial import distance

from rakuten.data.classes import CLASSES
from rakuten.data.shift import (
    FALSE_ALARM,
    MODERATE,
    Shift,
    count_cells,
    js_distance,
    merge_rare,
    psi,
    quantile_edges,
    shift_of_counts,
    shift_of_documents,
    shift_of_values,
)

PUBLISHED = np.array([product_class.published_count for product_class in CLASSES]) / 84916
ROUNDS = 1500


def test_psi_is_the_sum_of_differences_times_log_ratios() -> None:
    by_hand = (0.4 - 0.5) * math.log(0.4 / 0.5) + (0.6 - 0.5) * math.log(0.6 / 0.5)
    assert psi(np.array([5e6, 5e6]), np.array([4e6, 6e6])) == pytest.approx(by_hand, rel=1e-5)


def test_js_distance_is_that_of_scipy() -> None:
    random = np.random.default_rng(0)
    old, new = random.integers(0, 30, (2, 12)).astype(float)
    assert js_distance(old, new) == pytest.approx(distance.jensenshannon(old, new, base=2))


def test_js_distance_is_1_for_samples_that_have_nothing_in_common() -> None:
    assert js_distance(np.array([3.0, 0.0]), np.array([0.0, 9.0])) == pytest.approx(1.0)


def test_rare_cells_are_merged_until_they_are_not_rare() -> None:
    before, after = np.array([100.0, 1.0, 1.0, 50.0]), np.array([80.0, 2.0, 0.0, 70.0])
    merged = merge_rare(before, after)
    assert [counts.tolist() for counts in merged] == [[100.0, 52.0], [80.0, 72.0]]
    assert merge_rare(before, after, fewest=0)[0].tolist() == before.tolist()


def test_cells_of_a_number_hold_every_value_once() -> None:
    values = np.array([0.0] * 50 + list(range(1, 51)))
    edges = quantile_edges(values)
    assert (np.diff(edges) > 0).all()
    counts = count_cells(values, edges)
    assert counts.sum() == len(values)
    assert (counts > 0).all()


@pytest.mark.parametrize(
    ("old", "new", "shared"),
    [(84_916, 13_812, 0), (2_000, 200, 0), (300, 300, 0), (84_916, 86_000, 83_000), (2_000, 2_100, 1_900)],
)
@pytest.mark.parametrize("shares", [PUBLISHED, np.array([0.35, 0.65])], ids=["27 classes", "missing or not"])
def test_samples_of_one_population_alarm_as_rarely_as_promised(
    shares: npt.NDArray[np.float64], old: int, new: int, shared: int
) -> None:
    random, alpha = np.random.default_rng(7), 0.02
    alarms = 0
    for _ in range(ROUNDS):
        both = random.multinomial(shared, shares)
        before = both + random.multinomial(old - shared, shares)
        after = both + random.multinomial(new - shared, shares)
        shift = shift_of_counts(before, after, shared=shared, alpha=alpha)
        alarms += shift.psi > shift.chance
    # Three standard errors of a share of 2 % in 1,500 rounds.
    assert abs(alarms / ROUNDS - alpha) < 0.011


@pytest.mark.parametrize(("old", "new"), [(40, 20), (12, 5), (1, 1)])
def test_tiny_samples_do_not_alarm_more_often(old: int, new: int) -> None:
    random = np.random.default_rng(3)
    drawn = [(random.multinomial(old, PUBLISHED), random.multinomial(new, PUBLISHED)) for _ in range(ROUNDS)]
    assert sum(shift_of_counts(*pair, alpha=0.02).matters for pair in drawn) / ROUNDS < 0.03


def test_numbers_of_one_population_alarm_as_rarely_as_promised() -> None:
    random = np.random.default_rng(11)
    alarms = 0
    for _ in range(ROUNDS):
        # Lengths: skewed, in whole words, many of them zero.
        before, after = (np.floor(random.lognormal(2, 1, size)) * (random.random(size) > 0.3) for size in (900, 400))
        shift = shift_of_values(before, after)
        alarms += shift.psi > shift.chance
    assert alarms / ROUNDS < 4 * FALSE_ALARM


def topical_documents(random: np.random.Generator, count: int, lean: float = 0.5) -> csr_matrix:
    """Documents of two topics, whose words come in crowds as those of real descriptions do."""
    topics = np.where(random.random(count) < lean, 0, 1)
    held = np.where(topics[:, None] == np.arange(60)[None, :] % 2, 0.4, 0.05)
    return csr_matrix((random.random((count, 60)) < held).astype(np.int8))


def test_words_of_one_population_alarm_rarely_though_they_come_in_crowds() -> None:
    random = np.random.default_rng(2)
    alarms = 0
    for seed in range(60):
        documents = topical_documents(random, 500)
        in_before = np.arange(500) < 350
        # 50 documents stand in both.
        in_after = np.arange(500) >= 300
        shift = shift_of_documents(documents, in_before, in_after, alpha=0.05, seed=seed)
        alarms += shift.psi > shift.chance
    assert alarms <= 8


def test_another_mix_of_topics_is_seen_in_the_words() -> None:
    random = np.random.default_rng(4)
    old, new = topical_documents(random, 400, 0.9), topical_documents(random, 400, 0.2)
    documents = csr_matrix(np.concatenate([old.toarray(), new.toarray()]))
    is_old = np.arange(800) < 400
    assert shift_of_documents(documents, is_old, ~is_old).verdict == "large"


def test_equal_deliveries_do_not_differ() -> None:
    counts = np.array([30, 0, 12])
    assert shift_of_counts(counts, counts, shared=42).psi == 0
    documents = topical_documents(np.random.default_rng(1), 50)
    everything = np.ones(50, bool)
    shift = shift_of_documents(documents, everything, everything)
    assert (shift.psi, shift.verdict) == (0, "none")


def test_a_real_but_tiny_shift_is_slight_and_a_real_large_one_matters() -> None:
    assert shift_of_counts([35_000, 65_000], [37_000, 63_000]).verdict == "slight"
    assert shift_of_counts([35_000, 65_000], [52_000, 48_000]).verdict == "moderate"
    assert shift_of_counts([35_000, 65_000], [80_000, 20_000]).verdict == "large"
    assert not shift_of_counts([35_000, 65_000], [37_000, 63_000]).matters


def test_a_large_index_between_few_products_is_called_chance() -> None:
    shift = shift_of_counts([8, 12], [14, 6])
    assert shift.psi > MODERATE
    assert shift.verdict == "none"
    assert shift.threshold == shift.chance > MODERATE


def test_shared_products_make_a_small_difference_tell_more() -> None:
    apart = shift_of_counts([350, 650], [385, 615])
    repeated = shift_of_counts([350, 650], [385, 615], shared=950)
    assert apart.psi == repeated.psi
    assert apart.verdict == "none"
    assert repeated.verdict == "slight"


@pytest.mark.parametrize(
    ("before", "after", "shared"), [([1, 2], [1, 2, 3], 0), ([0, 0], [1, 2], 0), ([1, 1], [2, 2], 3)]
)
def test_what_cannot_be_compared_is_refused(before: list[int], after: list[int], shared: int) -> None:
    with pytest.raises(ValueError, match="expected"):
        shift_of_counts(before, after, shared=shared)


def test_a_shift_is_judged_by_the_stricter_of_both_bounds() -> None:
    assert Shift(0.2, 0.1, 0.3, 10, 10).threshold == 0.3
    assert Shift(0.2, 0.1, 0.001, 10, 10).threshold == MODERATE
