"""Temperatures: found where they are known, harmless otherwise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rakuten.statistics.temperature_scaling import HIGHEST, at_temperature, fit_temperature


def drawn(num_rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are right as often as they say, and classes drawn from them."""
    generator = np.random.default_rng(seed)
    values = generator.dirichlet(np.full(27, 0.2), num_rows)
    return values, np.array([generator.choice(27, p=row) for row in values])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_temperature_that_spoilt_probabilities_is_found(temperature: float) -> None:
    values, targets = drawn(4000)
    spoilt = at_temperature(values, 1 / temperature)
    assert fit_temperature(spoilt, targets) == pytest.approx(temperature, rel=0.08)


@given(st.floats(0.1, 10), st.integers(0, 1000))
def test_no_temperature_changes_the_most_probable_class(temperature: float, seed: int) -> None:
    values = np.random.default_rng(seed).dirichlet(np.ones(27), 5)
    changed = at_temperature(values, temperature)
    assert changed.argmax(axis=1).tolist() == values.argmax(axis=1).tolist()
    np.testing.assert_allclose(changed.sum(axis=1), 1)


def test_nothing_is_fitted_to_no_rows() -> None:
    assert fit_temperature(np.empty((0, 27)), np.empty(0, np.int64)) == 1.0


def test_rows_that_all_are_wrong_end_at_the_bound_and_not_at_infinity() -> None:
    values = np.tile(np.eye(27, dtype=np.float32)[3], (20, 1))
    assert fit_temperature(values, np.full(20, 5)) == pytest.approx(HIGHEST, rel=1e-2)
