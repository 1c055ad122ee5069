"""What every trained model is when it predicts: clean products in, probabilities of those that it can see out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.data.probabilities import Probabilities

# Products a step of a network over texts. Steps of the training's 32 cost the report's DNN 1.7 times as much.
TEXT_BATCH = 512


@dataclass(frozen=True)
class Predictor:
    """A trained model, read from its files.

    Attributes:
        columns: Of clean products that it reads, beside productid.
        answer: Any number of products → probabilities of those of them that it can see, in their order. Those of
            a product do not depend on the other products, to the rounding of float32; safe to call in a thread of its
            own.
    """

    columns: tuple[str, ...]
    answer: Callable[[pd.DataFrame], Probabilities]


def text_predictor(columns: Sequence[str], values_of: Callable[[pd.DataFrame], npt.NDArray[np.float32]]) -> Predictor:
    """A model that answers for every product.

    Args:
        columns: See `Predictor`.
        values_of: Products → float32 (num_products, 27).
    """
    return Predictor(
        tuple(columns),
        lambda products: Probabilities(products["productid"].to_numpy(np.int64), values_of(products)),
    )
