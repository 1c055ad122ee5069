"""Labels of the test split: for evaluation and error analysis only, not for training or model selection.

`training` and `fusion` may not import this module (enforced by a test), which prevents leakage of test labels.
"""

from rakuten.evaluation.ground_truth import Truth, read_side
from rakuten.outputs import StageOutput


def read_test_truth(split: StageOutput) -> Truth:
    """Read the test products of a split with labels.

    Raises:
        MismatchError: If the split has a duplicate productid.
    """
    return read_side(split, "test")
