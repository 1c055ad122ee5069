"""The classes of test products: for scores and what explains them, never for what is fitted or chosen.

Neither `training` nor `fusion` may import this module (the tests see to it), so a test product's class cannot reach a
weight, a temperature or a decision by mistake.
"""

from rakuten.evaluation.ground_truth import Truth, read_side
from rakuten.outputs import StageOutput


def read_test_truth(split: StageOutput) -> Truth:
    """The test products of a split with their classes.

    Raises:
        MismatchError: If the split holds a scored product more than once.
    """
    return read_side(split, "test")
