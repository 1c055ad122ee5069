"""N-grams as numbers without a vocabulary: each falls into the bucket that a checksum of its letters says.

0 is padding, 1 stands in every text, 2 is the first bucket. Nothing is fitted, and no n-gram is ever unknown.

Reference:
    Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML 2009.
"""

import zlib
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.recipes.text import HashedTexts
from rakuten.text.ngrams import CHUNK, Ngrams, ngram_text

PADDING = 0
# fastText ends each line with a word of its own; it also keeps the mean of a text without n-grams defined.
ALWAYS = 1
FIRST_BUCKET = 2


def hash_ngrams(
    texts: Sequence[str], kinds: Sequence[Ngrams], num_buckets: int, max_ngrams: int
) -> npt.NDArray[np.int32]:
    """The buckets that a text's n-grams fall into.

    Equal on every machine and in every process, as `hash` is not.

    Args:
        texts: In the form that n-grams shall have (lower case, plain).
        kinds: What is counted. Buckets are shared out evenly, so that kinds do not collide with each other.
        num_buckets: Buckets in all, at least one a kind.
        max_ngrams: Indices a text is given. Longer ones lose those of the last kinds first, and of a kind those with
            the highest buckets: a random choice, the same for all texts.

    Returns:
        int32 (num_texts, max_ngrams): 1, then buckets, ascending and none twice, then padding.
    """
    hashed = np.full((len(texts), max_ngrams), PADDING, np.int32)
    hashed[:, 0] = ALWAYS
    share = num_buckets // len(kinds)
    filled = np.ones(len(texts), np.int64)
    for place, kind in enumerate(kinds):
        start = 0
        for counts in kind.count(texts, _bucket_of(share)):
            rows = slice(start, start + CHUNK)
            filled[rows] = _append(
                hashed[rows], filled[rows], counts.indices, counts.indptr, FIRST_BUCKET + place * share
            )
            start += CHUNK
    return hashed


def hashed_texts(products: pd.DataFrame, recipe: HashedTexts) -> npt.NDArray[np.int32]:
    """The n-grams of products, hashed as a recipe says, int32 (num_samples, max_ngrams)."""
    # Each column apart, so that markup left open in the title does not swallow the description.
    parts = [[ngram_text(text) for text in products[column]] for column in recipe.text_columns]
    texts = [" ".join(texts) for texts in zip(*parts, strict=True)]
    kinds = (Ngrams("word", *recipe.word_ngrams), Ngrams("char", *recipe.char_ngrams))
    return hash_ngrams(texts, kinds, recipe.num_buckets, recipe.max_ngrams)


def _append(
    hashed: npt.NDArray[np.int32],
    filled: npt.NDArray[np.int64],
    buckets: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int32],
    first: int,
) -> npt.NDArray[np.int64]:
    """Write each row's buckets behind what it holds already, as far as they fit; how much it holds then."""
    lengths = np.diff(ends)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    places = np.arange(len(buckets)) - np.repeat(ends[:-1], lengths) + filled[rows]
    fits = places < hashed.shape[1]
    hashed[rows[fits], places[fits]] = buckets[fits] + first
    return filled + lengths


def _bucket_of(num_buckets: int) -> Callable[[str], int]:
    def bucket(term: str) -> int:
        # A table cell may hold half a surrogate pair, which plain UTF-8 refuses.
        return zlib.crc32(term.encode("utf-8", "surrogatepass")) % num_buckets

    return bucket
