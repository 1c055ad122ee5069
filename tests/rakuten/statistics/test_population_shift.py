"""Shifts are measured as published, alarm as rarely as they promise, and are seen when they are there."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.sparse import csr_matrix
from scipy.spatial import distance

from rakuten.catalogue.classes import CLASSES
from rakuten.statistics.population_shift import (
    MODERATE,
    TOO_FEW,
    Shift,
    Sizes,
    count_cells,
    deal,
    js_distance,
    psi,
    quantile_edges,
    shift_of_counts,
    shift_of_documents,
    shift_of_values,
)

PUBLISHED = np.array([product_class.published_count for product_class in CLASSES]) / 84916
ROUNDS = 300


def test_psi_is_the_sum_of_differences_times_log_ratios() -> None:
    by_hand = (0.4 - 0.5) * math.log(0.4 / 0.5) + (0.6 - 0.5) * math.log(0.6 / 0.5)
    assert psi(np.array([5e6, 5e6]), np.array([4e6, 6e6])) == pytest.approx(by_hand, rel=1e-5)


def test_js_distance_is_that_of_scipy() -> None:
    random = np.random.default_rng(0)
    old, new = random.integers(0, 30, (2, 12)).astype(float)
    assert js_distance(old, new) == pytest.approx(distance.jensenshannon(old, new, base=2))


def test_js_distance_is_1_for_samples_that_have_nothing_in_common() -> None:
    assert js_distance(np.array([3.0, 0.0]), np.array([0.0, 9.0])) == pytest.approx(1.0)


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
    random, alpha = np.random.default_rng(7), 0.1
    alarms = 0
    for seed in range(ROUNDS):
        both = random.multinomial(shared, shares)
        before = both + random.multinomial(old - shared, shares)
        after = both + random.multinomial(new - shared, shares)
        shift = shift_of_counts(before, after, shared=both, alpha=alpha, seed=seed)
        alarms += shift.psi > shift.chance
    # Three standard errors of a share of 10 % in 300 rounds.
    assert abs(alarms / ROUNDS - alpha) < 0.052


@pytest.mark.parametrize("shares", [PUBLISHED, np.array([0.35, 0.65])], ids=["27 classes", "missing or not"])
@pytest.mark.parametrize(
    ("old", "new", "shared"), [(200, 200, 0), (40, 20, 0), (30, 30, 25), (12, 5, 0), (5, 5, 0), (1000, 5, 0), (1, 1, 0)]
)
def test_small_samples_of_one_population_do_not_alarm_more_often(
    shares: npt.NDArray[np.float64], old: int, new: int, shared: int
) -> None:
    random = np.random.default_rng(3)
    alarms = 0
    for seed in range(ROUNDS):
        both = random.multinomial(shared, shares)
        samples = [both + random.multinomial(size - shared, shares) for size in (old, new)]
        alarms += shift_of_counts(samples[0], samples[1], shared=both, alpha=0.1, seed=seed).matters
    assert alarms / ROUNDS < 0.152


def complete_change(kind: str, before: int, after: int, seed: int = 0) -> Shift:
    """The shift between two samples that have nothing in common."""
    random = np.random.default_rng(seed)
    if kind == "number":
        return shift_of_values(random.lognormal(2, 1, before), 1000 + random.lognormal(2, 1, after))
    cells = np.arange(len(CLASSES)) % 2 if kind == "27 classes" else np.array([0, 1])
    shares = PUBLISHED if kind == "27 classes" else np.array([0.5, 0.5])
    old, new = (shares * (cells == cell) for cell in (0, 1))
    return shift_of_counts(random.multinomial(before, old / old.sum()), random.multinomial(after, new / new.sum()))


@pytest.mark.parametrize("kind", ["missing or not", "27 classes", "number"])
@pytest.mark.parametrize(("before", "after"), [(20, 20), (50, 50), (200, 30), (1000, 1000), (20_000, 50)])
def test_a_complete_change_is_seen_on_twenty_products_and_more(kind: str, before: int, after: int) -> None:
    assert complete_change(kind, before, after).verdict == "large"


@pytest.mark.parametrize("kind", ["missing or not", "27 classes", "number"])
@pytest.mark.parametrize(("before", "after"), [(1, 1), (3, 3), (5, 5), (6, 6), (10, 10), (10, 1), (1000, 3)])
def test_a_complete_change_of_fewer_products_is_never_called_none(kind: str, before: int, after: int) -> None:
    for seed in range(5):
        assert complete_change(kind, before, after, seed).verdict in ("large", TOO_FEW)


def test_five_products_are_too_few_to_tell_whether_they_changed_or_not() -> None:
    assert shift_of_counts([5, 0], [0, 5]).verdict == TOO_FEW
    assert shift_of_counts([3, 2], [3, 2]).verdict == TOO_FEW
    assert shift_of_counts([5], [5]).verdict == TOO_FEW


def test_products_that_are_all_of_different_kinds_cannot_be_told_apart() -> None:
    each = np.eye(20, dtype=int)
    assert shift_of_counts(each[:10].sum(axis=0), each[10:].sum(axis=0)).verdict == TOO_FEW


def test_an_empty_sample_is_too_few_to_tell_and_no_error() -> None:
    for before, after in (([0, 0], [3, 4]), ([3, 4], [0, 0]), ([0], [0])):
        shift = shift_of_counts(before, after)
        assert (shift.verdict, shift.matters, shift.psi) == (TOO_FEW, False, 0)
    nothing = np.array([np.nan, np.nan])
    assert shift_of_values(nothing, np.arange(5.0)).verdict == TOO_FEW
    assert shift_of_values(nothing, nothing).verdict == TOO_FEW


def test_many_products_of_one_cell_have_not_changed() -> None:
    assert shift_of_counts([1000], [1000]).verdict == "none"
    assert shift_of_counts([1000, 0], [999, 1]).verdict == "none"


def test_a_value_that_is_the_same_everywhere_but_another_one_than_before_is_seen() -> None:
    assert shift_of_values(np.full(40, 3.0), np.full(40, 4.0)).verdict == "large"
    assert shift_of_values(np.full(40, 3.0), np.full(40, 3.0)).verdict == "none"


def test_categories_that_were_never_there_before_are_seen() -> None:
    assert shift_of_counts([30, 40, 0, 0], [0, 0, 20, 9]).verdict == "large"


def test_counts_of_millions_are_compared_in_the_same_way() -> None:
    assert shift_of_counts([35_000_000, 65_000_000], [35_010_000, 64_990_000]).verdict == "none"
    assert shift_of_counts([35_000_000, 65_000_000], [65_000_000, 35_000_000]).verdict == "large"


def test_dealt_out_members_are_as_many_in_each_sample_and_cell() -> None:
    union, sizes = np.array([30, 0, 12, 5]), Sizes(before=25, after=32, shared=10)
    old, new = deal(union, sizes, rounds=500, seed=1)
    assert (old.sum(axis=1) == 25).all()
    assert (new.sum(axis=1) == 32).all()
    shared = old + new - union
    assert (shared.sum(axis=1) == 10).all()
    assert (shared >= 0).all()
    assert (shared <= np.minimum(old, new)).all()
    assert np.abs(old.mean(axis=0) - 25 * union / 47).max() < 0.5


def test_numbers_of_one_population_alarm_as_rarely_as_promised() -> None:
    random = np.random.default_rng(11)
    alarms = 0
    for seed in range(ROUNDS):
        # Lengths: skewed, in whole words, many of them zero.
        before, after = (np.floor(random.lognormal(2, 1, size)) * (random.random(size) > 0.3) for size in (900, 400))
        shift = shift_of_values(before, after, alpha=0.1, seed=seed)
        alarms += shift.psi > shift.chance
    assert abs(alarms / ROUNDS - 0.1) < 0.052


@pytest.mark.parametrize("size", [5, 10, 50])
def test_few_documents_alarm_rarely_and_are_never_called_none_though_all_words_changed(size: int) -> None:
    random = np.random.default_rng(5)
    in_before = np.arange(2 * size) < size
    alarms = sum(
        shift_of_documents(topical_documents(random, 2 * size), in_before, ~in_before, alpha=0.02, seed=seed).matters
        for seed in range(30)
    )
    assert alarms <= 3
    words = topical_documents(random, 2 * size).toarray()
    changed = csr_matrix(np.hstack([words * in_before[:, None], words * ~in_before[:, None]]))
    assert shift_of_documents(changed, in_before, ~in_before).verdict in (
        ("large",) if size > 9 else ("large", TOO_FEW)
    )


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
    assert shift_of_counts(counts, counts, shared=counts).verdict == "none"
    assert shift_of_counts([2, 1], [2, 1], shared=[2, 1]).verdict == "none", "three products, each unchanged"
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
    repeated = shift_of_counts([350, 650], [385, 615], shared=[345, 605])
    assert apart.psi == repeated.psi
    assert apart.verdict == "none"
    assert repeated.verdict == "slight"


@pytest.mark.parametrize(
    ("before", "after", "shared"), [([1, 2], [1, 2, 3], None), ([1, 1], [2, 2], [2, 0]), ([1, 1], [2, 2], [1])]
)
def test_what_cannot_be_compared_is_refused(before: list[int], after: list[int], shared: list[int] | None) -> None:
    with pytest.raises(ValueError, match="expected"):
        shift_of_counts(before, after, shared=shared)


def test_a_shift_is_judged_by_the_stricter_of_both_bounds() -> None:
    assert Shift(0.2, 0.1, 0.3, 10, 10).threshold == 0.3
    assert Shift(0.2, 0.1, 0.001, 10, 10).threshold == MODERATE
