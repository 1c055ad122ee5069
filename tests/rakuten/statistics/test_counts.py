"""Small statistics equal those of their papers and of scipy."""

import numpy as np
import pytest
from scipy.stats import binomtest
from scipy.stats.contingency import association

from rakuten.catalogue.classes import CLASSES
from rakuten.statistics.counts import cramers_v, imbalance, wilson


@pytest.mark.parametrize(("count", "total"), [(0, 10), (3, 10), (10, 10), (345, 1000), (1, 1)])
def test_interval_of_a_share_is_wilsons(count: int, total: int) -> None:
    expected = binomtest(count, total).proportion_ci(method="wilson")
    assert wilson(count, total) == pytest.approx((expected.low, expected.high), abs=1e-6)


def test_of_nothing_any_share_is_possible() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_imbalance_of_the_published_classes_is_that_of_the_report() -> None:
    found = imbalance(np.array([product_class.published_count for product_class in CLASSES]))
    assert found.classes == 27
    # "7 to 8 % of the majority class", and 12.02 % of the products.
    assert 1 / found.ratio == pytest.approx(0.0748, abs=1e-4)
    assert found.largest_share == pytest.approx(0.1202, abs=1e-4)
    assert 21 < found.effective < 23


def test_equal_classes_are_as_many_as_they_seem() -> None:
    assert imbalance(np.array([5, 5, 0, 5])).effective == pytest.approx(3)


def test_no_products_have_no_imbalance() -> None:
    with pytest.raises(ValueError, match="received none"):
        imbalance(np.zeros(27, int))


def test_association_of_large_tables_is_cramers() -> None:
    table = np.array([[900, 100], [300, 700], [500, 500]]) * 10
    assert cramers_v(table) == pytest.approx(association(table, method="cramer"), abs=0.002)


def test_association_of_independent_labels_is_none_and_of_equal_ones_whole() -> None:
    random = np.random.default_rng(0)
    independent = random.multinomial(400, np.full(54, 1 / 54)).reshape(27, 2)
    assert cramers_v(independent) < 0.12
    assert cramers_v(np.diag([50, 50, 50])) == pytest.approx(1, abs=0.01)
    assert np.isnan(cramers_v(np.array([[3, 4]])))
