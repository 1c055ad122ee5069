"""Which words tell a class from the others, and which classes use the same words.

Counted are products that hold a word, not how often it stands there: a description that says `piscine` thirty times is
one product about a pool.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Words that the prior holds; enough that a word seen once in a class says little, few against a class's thousands.
PRIOR_WORDS = 500

Table = npt.NDArray[np.float64]


def word_matrix(
    texts: Sequence[str], *, fewest_products: int = 1, max_words: int | None = None
) -> "tuple[csr_matrix, npt.NDArray[np.str_]]":
    """Which words each text holds.

    Args:
        texts: Clean words joined by blanks.
        fewest_products: Rarer words are left out.
        max_words: At most so many words, the most frequent; None: all.

    Returns:
        Sparse (num_texts, num_words) of ones, and the words, sorted.
    """
    from scipy.sparse import csr_matrix

    numbers: dict[str, int] = {}
    places, ends = [], [0]
    for text in texts:
        places += sorted({numbers.setdefault(word, len(numbers)) for word in text.split()})
        ends.append(len(places))
    words = np.array(list(numbers), dtype=np.str_)
    matrix = csr_matrix((np.ones(len(places), np.int32), places, ends), shape=(len(texts), len(words)))
    held_by = np.asarray(matrix.sum(axis=0)).ravel()
    # Of equally frequent words the first in the alphabet: the same choice whatever the order of products.
    order = np.lexsort((words, -held_by))[:max_words]
    kept = order[held_by[order] >= fewest_products]
    kept = kept[np.argsort(words[kept])]
    return matrix[:, kept], words[kept]


def count_by_group(matrix: "csr_matrix", groups: npt.NDArray[np.integer], num_groups: int) -> Table:
    """Products of each group that hold each word.

    Args:
        matrix: (num_products, num_words).
        groups: int (num_products,): 0 to num_groups - 1.
        num_groups: How many there are.

    Returns:
        float64 (num_groups, num_words).
    """
    from scipy.sparse import csr_matrix

    rows = np.arange(len(groups))
    members = csr_matrix((np.ones(len(groups)), (groups, rows)), shape=(num_groups, len(groups)))
    return np.asarray((members @ matrix).todense(), np.float64)


def log_odds(counts: Table) -> Table:
    """How telling each word is of each group: z-scores of log-odds, the group against all others.

    A prior as large as `PRIOR_WORDS` words of the whole corpus keeps rare words from winning by chance; dividing by the
    standard error keeps frequent ones from losing.

    Args:
        counts: (num_groups, num_words).

    Returns:
        float64 (num_groups, num_words): above 1.96 the word is the group's more than chance explains; 0 for a word that
        no group holds.

    Reference:
        Monroe, Colaresi and Quinn, "Fightin' Words", Political Analysis 2008, equations 15, 16 and 22.
    """
    total = counts.sum(axis=0)
    prior = PRIOR_WORDS * total / max(total.sum(), 1)
    here, elsewhere = counts + prior, total - counts + prior
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.log(here / (here.sum(axis=1, keepdims=True) - here))
        other_odds = np.log(elsewhere / (elsewhere.sum(axis=1, keepdims=True) - elsewhere))
        scores = (odds - other_odds) / np.sqrt(1 / here + 1 / elsewhere)
    return np.where(total > 0, scores, 0.0)


def similarities(counts: Table, held_by: Table, num_products: int) -> Table:
    """How alike the vocabularies of groups are: cosine of their shares of words, rare words weighing more.

    On 12,000 real titles the pairs of classes that people find alike stand higher by this measure than by the
    Jensen–Shannon distance, which for small classes is mostly the noise of few words.

    Args:
        counts: (num_groups, num_words).
        held_by: (num_words,): products of any group that hold each word.
        num_products: Of all groups.

    Returns:
        float64 (num_groups, num_groups), symmetric: 1 where the shares are equal, 0 where no word is common; NaN for
        groups without words.
    """
    sizes = counts.sum(axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        weighted = counts / sizes * np.log(num_products / np.maximum(held_by, 1))
        directions = weighted / np.linalg.norm(weighted, axis=1, keepdims=True)
    return np.clip(directions @ directions.T, 0, 1)
