import numpy as np
import tiny_training

from rakuten.training.steps import sample_weights


def test_balanced_weights_give_every_class_the_same_sum() -> None:
    targets = np.array([0, 0, 0, 2, 2, 5])
    weights = sample_weights(targets, tiny_training.RECIPE.fit)
    assert weights is not None
    sums = [weights[targets == target].sum() for target in (0, 2, 5)]
    np.testing.assert_allclose(sums, 2.0)
    assert sample_weights(targets, tiny_training.RECIPE.fit.model_copy(update={"class_weight": "none"})) is None
