"""Texts as TF-IDF of word or character n-grams; fitted state is a list of terms and an array, nothing else.

Counts what scikit-learn's `CountVectorizer` counts with `analyzer="word"` and `"char_wb"`, but looks a word's character
n-grams up once for thousands of texts: shops repeat their words.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from rakuten.normalisation import fold, plain_text

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Kind = Literal["word", "char"]
# Column of a term, or None to leave it out.
Lookup = Callable[[str], int | None]

# Texts whose repeated terms are added up at a time: bounds what is held for terms that occur often in one text.
CHUNK = 4_096
_WORD = re.compile(r"\w+")
_DIGIT = re.compile(r"\d")


def ngram_text(text: str) -> str:
    """A raw text as its n-grams are counted: plain, folded, followed by the forms of its numbers.

    Stop words and punctuation stay. Sizes and model numbers seldom repeat, their forms do: `120x80cm` adds `#000x00cm`.
    """
    folded = fold(plain_text(text))
    # Word by word: a pattern for "a digit somewhere in a word" would take quadratic time on one endless word.
    return " ".join((folded, *("#" + _DIGIT.sub("0", word) for word in folded.split() if _DIGIT.search(word))))


@dataclass(frozen=True)
class Ngrams:
    """Which n-grams are counted.

    Attributes:
        kind: "word": runs of words, single letters and digits included. "char": runs of characters within a word, the
            spaces around it included.
        shortest, longest: Words or characters an n-gram has.
    """

    kind: Kind
    shortest: int
    longest: int

    def count(self, texts: Iterable[str], lookup: Lookup) -> "Iterator[csr_matrix]":
        """Term counts of texts, `CHUNK` texts at a time.

        Args:
            texts: In the form that terms shall have (lower case, plain).
            lookup: Column of a term, or None to leave it out. Columns may grow from chunk to chunk.

        Yields:
            float32 (at most `CHUNK`, columns known by then), sorted, no column twice in a row.
        """
        count_chunk = self._count_words if self.kind == "word" else self._count_characters
        remaining = iter(texts)
        while chunk := list(islice(remaining, CHUNK)):
            yield count_chunk(chunk, lookup)

    def _count_words(self, texts: Sequence[str], lookup: Lookup) -> "csr_matrix":
        columns, ends = array("i"), [0]
        for text in texts:
            words = _WORD.findall(text)
            for length in range(self.shortest, self.longest + 1):
                runs = zip(*(words[start:] for start in range(length)), strict=False)
                terms = words if length == 1 else map(" ".join, runs)
                columns.extend([column for column in map(lookup, terms) if column is not None])
            ends.append(len(columns))
        counts = _counts(columns, ends)
        counts.sum_duplicates()
        return counts

    def _count_characters(self, texts: Sequence[str], lookup: Lookup) -> "csr_matrix":
        """Which words a text has, times which n-grams a word has."""
        rows: defaultdict[str, int] = defaultdict()
        rows.default_factory = rows.__len__
        words, ends = array("i"), [0]
        for text in texts:
            words.extend(map(rows.__getitem__, text.split()))
            ends.append(len(words))
        columns, column_ends = array("i"), [0]
        for word in rows:
            columns.extend([column for column in map(lookup, self._parts(word)) if column is not None])
            column_ends.append(len(columns))
        # Numbers of n-grams are small and whole: exact in float32, in whatever order they are added.
        counts = _counts(words, ends, width=len(rows)) @ _counts(columns, column_ends)
        counts.sort_indices()
        return counts

    def _parts(self, word: str) -> Iterator[str]:
        padded = f" {word} "
        for length in range(self.shortest, self.longest + 1):
            if length >= len(padded):
                yield padded
                return
            for start in range(len(padded) - length + 1):
                yield padded[start : start + length]


@dataclass(frozen=True)
class Tfidf:
    """A fitted TF-IDF of one kind of n-gram: logarithmic counts, smooth idf, rows of length 1.

    Attributes:
        ngrams: What is counted.
        terms: Alphabetical; the column of each is its position.
        idf: float32 (num_terms,).
    """

    ngrams: Ngrams
    terms: tuple[str, ...]
    idf: npt.NDArray[np.float32]

    @classmethod
    def fit(cls, texts: Sequence[str], ngrams: Ngrams, min_df: int, max_terms: int) -> "tuple[Self, csr_matrix]":
        """Fit on texts and transform them; the terms are none where no n-gram occurs in enough texts.

        Args:
            texts: Of train rows only.
            ngrams: What is counted.
            min_df: Texts a term must occur in.
            max_terms: Terms to keep, those of most texts; equally frequent ones in alphabetical order.

        Returns:
            The fitted TF-IDF, and float32 (num_texts, num_terms).
        """
        from scipy.sparse import csr_matrix, vstack

        columns: defaultdict[str, int] = defaultdict()
        columns.default_factory = columns.__len__
        chunks = list(ngrams.count(texts, columns.__getitem__))
        terms = np.array(list(columns), dtype=object)
        del columns
        frequency = np.zeros(len(terms), np.int64)
        for chunk in chunks:
            frequency += np.bincount(chunk.indices, minlength=len(terms))
        kept = np.array(sorted(np.flatnonzero(frequency >= min_df), key=terms.__getitem__), np.int64)
        kept = kept[np.sort(np.argsort(-frequency[kept], kind="stable")[:max_terms])]
        idf = np.log((1 + len(texts)) / (1 + frequency[kept])) + 1
        fitted = cls(ngrams, tuple(terms[kept]), idf.astype(np.float32))
        place = np.full(len(terms), -1, np.int32)
        place[kept] = np.arange(len(kept), dtype=np.int32)
        counted = [_moved(chunk, place, len(kept)) for chunk in chunks]
        empty = csr_matrix((0, len(kept)), dtype=np.float32)
        return fitted, fitted._weigh(vstack([empty, *counted], format="csr"))

    def transform(self, texts: Sequence[str]) -> "csr_matrix":
        """float32 (num_texts, num_terms); a text without a known term is a row of zeros."""
        from scipy.sparse import csr_matrix, vstack

        columns = {term: column for column, term in enumerate(self.terms)}
        width = len(self.terms)
        counted = [
            csr_matrix((chunk.data, chunk.indices, chunk.indptr), (chunk.shape[0], width))
            for chunk in self.ngrams.count(texts, columns.get)
        ]
        return self._weigh(vstack([csr_matrix((0, width), dtype=np.float32), *counted], format="csr"))

    def _weigh(self, counts: "csr_matrix") -> "csr_matrix":
        values = (1 + np.log(counts.data)) * self.idf[counts.indices]
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        lengths = np.sqrt(np.bincount(rows, values.astype(np.float64) ** 2, minlength=counts.shape[0]))
        counts.data = (values / lengths[rows]).astype(np.float32)
        return counts


def _counts(columns: "array[int]", ends: Sequence[int], width: int | None = None) -> "csr_matrix":
    """A row for each pair of ends, its columns as they come, repeats and all; None: as wide as the highest column."""
    from scipy.sparse import csr_matrix

    indices = np.array(columns, np.int32)
    if width is None:
        width = int(indices.max()) + 1 if len(indices) else 0
    return csr_matrix((np.ones(len(indices), np.float32), indices, np.array(ends)), (len(ends) - 1, width))


def _moved(counts: Any, place: npt.NDArray[np.int32], width: int) -> "csr_matrix":
    """Counts with every column at its new place; those at -1 dropped."""
    from scipy.sparse import csr_matrix

    columns = place[counts.indices]
    stays = columns >= 0
    ends = np.concatenate(([0], np.cumsum(stays)))[counts.indptr]
    moved = csr_matrix((counts.data[stays], columns[stays], ends), (counts.shape[0], width))
    moved.sort_indices()
    return moved
