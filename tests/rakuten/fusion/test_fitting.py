"""What each method finds on validation rows whose truth is known."""

import numpy as np
import pytest

from rakuten.fusion.combining import Average, Stack
from rakuten.fusion.fitting import (
    FITS,
    Fit,
    cross_entropy,
    cross_fitted,
    fit_greedy,
    fit_mixture,
    fit_single,
    fit_stack,
    fit_weighted,
    weighted_f1,
)
from rakuten.recipes.plan import FusionMethod

NUM_ROWS = 400
FOLDS = np.arange(NUM_ROWS) % 5

Members = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def members() -> Members:
    """A good member, a fair one that errs elsewhere, and one that knows nothing; and the true classes."""
    generator = np.random.default_rng(5)
    targets = generator.integers(0, 27, NUM_ROWS)
    values = generator.dirichlet(np.full(27, 0.5), (3, NUM_ROWS))
    rows = np.arange(NUM_ROWS)
    for place, (share, sureness) in enumerate([(0.75, 0.6), (0.6, 0.5)]):
        knows = generator.random(NUM_ROWS) < share
        values[place, rows[knows], targets[knows]] += sureness / (1 - sureness)
    return values / values.sum(axis=2, keepdims=True), targets


def test_the_single_best_is_found(members: Members) -> None:
    assert fit_single(*members).weights == (1.0, 0.0, 0.0)


def test_weights_are_validation_scores(members: Members) -> None:
    values, targets = members
    scores = np.array([weighted_f1(member, targets) for member in values])
    np.testing.assert_allclose(fit_weighted(values, targets).weights, scores / scores.sum())


@pytest.mark.parametrize(("fit", "most"), [(fit_mixture, 0.06), (fit_greedy, 0.25)])
def test_a_member_that_knows_nothing_weighs_least(fit: Fit, most: float, members: Members) -> None:
    """Ensemble selection follows F1, which a lucky guess can raise; cross-entropy is not so easily fooled."""
    good, fair, ignorant = fit(*members).as_json()["weights"]
    assert good > fair > ignorant
    assert ignorant < most


def test_the_mixture_has_the_smallest_cross_entropy(members: Members) -> None:
    values, targets = members
    found = cross_entropy(fit_mixture(values, targets)(values), targets)
    generator = np.random.default_rng(0)
    for weights in generator.dirichlet(np.ones(3), 50):
        assert found <= cross_entropy(Average.weighing(weights)(values), targets) + 1e-6


def test_a_stack_learns_what_an_average_cannot(members: Members) -> None:
    values, targets = members
    # A member that always says the next class is as good as one that is right, once its habit is known.
    shifted = np.roll(values[:1], 1, axis=2)
    pair = np.concatenate([shifted, values[2:]])
    stacked = cross_fitted(fit_stack, pair, targets, FOLDS)
    assert weighted_f1(stacked, targets) > weighted_f1(pair[0], targets) + 0.15


def test_a_stack_on_few_rows_stays_near_its_members(members: Members) -> None:
    values, targets = members
    few = fit_stack(values[:, :12], targets[:12])
    assert isinstance(few, Stack)
    answered = few(values)
    assert weighted_f1(answered, targets) > weighted_f1(values[0], targets) - 0.1


def test_cross_fitting_answers_no_row_by_what_was_fitted_to_it(members: Members) -> None:
    values, targets = members
    asked: list[tuple[int, int]] = []

    def fit(some: np.ndarray, of_them: np.ndarray) -> Average:
        fitted_to = {row.tobytes() for row in some[0]}

        class Spy(Average):
            def __call__(self, others: np.ndarray) -> np.ndarray:
                asked.append((len(fitted_to), sum(row.tobytes() in fitted_to for row in others[0])))
                return super().__call__(others)

        return Spy.weighing(np.ones(len(some)))

    cross_fitted(fit, values, targets, FOLDS)
    assert asked == [(NUM_ROWS * 4 // 5, 0)] * 5


@pytest.mark.parametrize("method", FITS)
@pytest.mark.parametrize("num_rows", [1, 2, 3])
def test_every_method_copes_with_a_handful_of_rows(method: FusionMethod, num_rows: int, members: Members) -> None:
    values, targets = (members[0][:, :num_rows], members[1][:num_rows])
    answered = cross_fitted(FITS[method], values, targets, FOLDS[:num_rows])
    np.testing.assert_allclose(answered.sum(axis=1), 1, atol=1e-9)
