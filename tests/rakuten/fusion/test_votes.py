"""Laws of the votes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rakuten.data.classes import CODES, NUM_CLASSES
from rakuten.data.probabilities import Probabilities
from rakuten.errors import MismatchError
from rakuten.fusion.votes import count_members, fuse, max_vote, vote_name, weighted_vote
from rakuten.recipes.plan import Vote

VOTES: tuple[Vote, ...] = ("weighted", "max")


def random_member(generator: np.random.Generator, productids: np.ndarray) -> Probabilities:
    values = generator.dirichlet(np.full(NUM_CLASSES, 0.3), len(productids)).astype(np.float32)
    return Probabilities(productids, values)


def member_of(rows: dict[int, dict[int, float]]) -> Probabilities:
    """Products whose named classes have these probabilities."""
    values = np.zeros((len(rows), NUM_CLASSES), np.float32)
    for row, classes in enumerate(rows.values()):
        for code, probability in classes.items():
            values[row, CODES.index(code)] = probability
    return Probabilities(np.array(list(rows), np.int64), values)


@pytest.fixture
def three() -> list[Probabilities]:
    """Two members that lean to class 10, a third that is sure of class 2905."""
    return [
        member_of({1: {10: 0.6, 2905: 0.4}}),
        member_of({1: {10: 0.55, 2905: 0.45}}),
        member_of({1: {10: 0.1, 2905: 0.9}}),
    ]


def test_max_vote_hears_every_member(three: list[Probabilities]) -> None:
    report = np.maximum(three[0].values, three[1].values)
    assert CODES[int(report.argmax())] == 10
    fused = max_vote(three, np.array([1]))
    assert fused.predicted.tolist() == [2905]
    np.testing.assert_allclose(fused.values[0, [0, -1]], [0.6 / 1.5, 0.9 / 1.5], rtol=1e-6)


def test_max_vote_leaves_its_members_as_they_were(three: list[Probabilities]) -> None:
    before = [member.values.copy() for member in three]
    max_vote(three, np.array([1]))
    for member, values in zip(three, before, strict=True):
        np.testing.assert_array_equal(member.values, values)


def test_weighted_vote_is_the_weighted_mean(three: list[Probabilities]) -> None:
    fused = weighted_vote(three, [2, 1, 1], np.array([1]))
    assert fused.values[0, 0] == pytest.approx((2 * 0.6 + 0.55 + 0.1) / 4)


def test_a_product_that_a_member_lacks_is_fused_from_the_others() -> None:
    text = member_of({1: {10: 1.0}, 2: {10: 1.0}})
    image = member_of({1: {40: 1.0}})
    fused = weighted_vote([text, image], [3, 1], np.array([1, 2]))
    np.testing.assert_allclose(fused.values[:, :2], [[0.75, 0.25], [1.0, 0.0]])
    np.testing.assert_allclose(max_vote([text, image], np.array([2])).values[0, :2], [1.0, 0.0])
    assert count_members([text, image], np.array([1, 2])).tolist() == [2, 1]


def test_a_member_without_any_product_changes_nothing(three: list[Probabilities]) -> None:
    empty = member_of({})
    for vote in VOTES:
        np.testing.assert_array_equal(
            fuse(vote, [*three, empty], [1, 1, 1, 5], np.array([1])).values,
            fuse(vote, three, [1, 1, 1], np.array([1])).values,
        )


def test_members_that_all_weigh_nothing_count_equally(three: list[Probabilities]) -> None:
    np.testing.assert_array_equal(
        weighted_vote(three, [0, 0, 0], np.array([1])).values, weighted_vote(three, [1, 1, 1], np.array([1])).values
    )


@given(seed=st.integers(0, 2**32), num_members=st.integers(1, 4), vote=st.sampled_from(VOTES), data=st.data())
@settings(max_examples=40, deadline=None)
def test_neither_order_of_rows_nor_of_members_changes_an_answer(
    seed: int, num_members: int, vote: Vote, data: st.DataObject
) -> None:
    generator = np.random.default_rng(seed)
    productids = generator.choice(10_000, 30, replace=False).astype(np.int64)
    members = [random_member(generator, productids)]
    members += [random_member(generator, generator.permutation(productids)[:20]) for _ in range(num_members - 1)]
    weights = generator.uniform(0.1, 1, num_members).tolist()
    fused = fuse(vote, members, weights, productids)
    np.testing.assert_allclose(fused.values.sum(axis=1, dtype=np.float64), 1, atol=1e-6)

    order = data.draw(st.permutations(range(num_members)))
    shuffled = [members[place].of(generator.permutation(members[place].productids)) for place in order]
    asked = generator.permutation(productids)
    again = fuse(vote, shuffled, [weights[place] for place in order], asked)
    assert again.productids.tolist() == asked.tolist()
    np.testing.assert_allclose(again.of(productids).values, fused.values, atol=1e-6)


@pytest.mark.parametrize("vote", VOTES)
def test_a_product_in_no_member_is_refused(three: list[Probabilities], vote: Vote) -> None:
    with pytest.raises(MismatchError, match="1 of 2 products have no probabilities in any member, first 99"):
        fuse(vote, three, [1, 1, 1], np.array([1, 99]))


@pytest.mark.parametrize("weights", [[1, 1], [1, 1, -1], [1, 1, float("nan")]])
def test_unusable_weights_are_refused(three: list[Probabilities], weights: list[float]) -> None:
    with pytest.raises(MismatchError, match="expected 3 weights"):
        weighted_vote(three, weights, np.array([1]))


@pytest.mark.parametrize("vote", VOTES)
def test_a_vote_without_members_is_refused(vote: Vote) -> None:
    with pytest.raises(MismatchError, match="at least one member"):
        fuse(vote, [], [], np.array([1]))


def test_votes_have_names_for_reports() -> None:
    assert [vote_name(vote) for vote in VOTES] == ["weighted vote", "max vote"]
