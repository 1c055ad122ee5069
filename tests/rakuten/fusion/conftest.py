"""Members made by hand or at random, for tests of fusion."""

from collections.abc import Callable

import numpy as np
import pytest

from rakuten.catalogue.classes import CODES, NUM_CLASSES
from rakuten.data.probabilities import Probabilities

MemberOf = Callable[[dict[int, dict[int, float]]], Probabilities]


@pytest.fixture
def member_of() -> MemberOf:
    """Makes a member of products whose named classes have these probabilities."""

    def make(rows: dict[int, dict[int, float]]) -> Probabilities:
        values = np.zeros((len(rows), NUM_CLASSES), np.float32)
        for row, classes in enumerate(rows.values()):
            for code, probability in classes.items():
                values[row, CODES.index(code)] = probability
        return Probabilities(np.array(list(rows), np.int64), values)

    return make
