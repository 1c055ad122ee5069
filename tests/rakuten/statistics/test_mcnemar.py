"""McNemar's test against SciPy's binomial one."""

import pytest
from scipy.stats import binom, binomtest

from rakuten.statistics.mcnemar import mcnemar


@pytest.mark.parametrize(("fewer", "more"), [(0, 5), (3, 9), (10, 25), (200, 260)])
def test_mcnemar_equals_the_binomial_test(fewer: int, more: int) -> None:
    exact = float(binomtest(fewer, fewer + more, 0.5).pvalue)
    for found in (mcnemar(fewer, more), mcnemar(more, fewer)):
        assert found.exact == pytest.approx(exact)
        assert found.mid == pytest.approx(exact - binom.pmf(fewer, fewer + more, 0.5))


def test_mcnemar_of_equals_is_one() -> None:
    assert (mcnemar(0, 0).exact, mcnemar(0, 0).mid) == (1, 1)
    assert (mcnemar(7, 7).exact, mcnemar(7, 7).mid) == (1, pytest.approx(1))
