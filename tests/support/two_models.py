"""Two models that answer the same products, as correlated as wanted."""

import numpy as np
import numpy.typing as npt

from rakuten.catalogue.classes import CLASSES, CODES
from rakuten.promotion.gate import Answers

Codes = npt.NDArray[np.int64]

SHARES = np.array([product_class.published_count for product_class in CLASSES], np.float64)
SHARES /= SHARES.sum()


def two_models(rows: int, seed: int, *, phi: float = 0.8, skill: float = 0.8, better: float = 0.0) -> Answers:
    """Champion and challenger of one skill, alike with probability `phi`; a share of the latter's errors put right."""
    random = np.random.default_rng(seed)
    true = random.choice(CODES, rows, p=SHARES)

    def answer() -> Codes:
        return np.where(random.random(rows) < skill, true, random.choice(CODES, rows, p=SHARES))

    champion, own = answer(), answer()
    challenger = np.where(random.random(rows) < phi, champion, own)
    return Answers(true, champion, np.where(random.random(rows) < better, true, challenger))
