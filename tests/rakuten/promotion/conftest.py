"""What the tests of promotion share."""

from collections.abc import Iterator

import pytest
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Many small products of matrices are slower on two threads, and on a busy machine far slower."""
    with threadpool_limits(1):
        yield
