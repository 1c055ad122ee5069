"""Clean texts as TF-IDF of single words; the fitted state is one JSON file of words and numbers."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from rakuten.errors import OutputError
from rakuten.outputs.atomic import write_whole

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


@dataclass(frozen=True)
class WordTfidf:
    """What scikit-learn's `TfidfVectorizer` makes: counts times smooth idf, rows of length 1.

    Attributes:
        words: Alphabetical; the column of each is its position.
        idf: float64 (num_words,).
    """

    words: tuple[str, ...]
    idf: npt.NDArray[np.float64]

    @classmethod
    def fit(cls, texts: Sequence[str], num_words: int) -> Self:
        """Fit on texts; the words are none where no text has any.

        Args:
            texts: Of train rows only, words parted by spaces.
            num_words: Words to keep, at most, those that occur most often; equally frequent ones in alphabetical order.
        """
        occurrences: Counter[str] = Counter()
        documents: Counter[str] = Counter()
        for text in texts:
            words = text.split()
            occurrences.update(words)
            documents.update(set(words))
        ranked = sorted(occurrences, key=lambda word: (-occurrences[word], word))
        kept = tuple(sorted(ranked[:num_words]))
        frequency = np.array([documents[word] for word in kept], np.float64)
        return cls(kept, np.log((1 + len(texts)) / (1 + frequency)) + 1)

    def transform(self, texts: Sequence[str]) -> "csr_matrix":
        """float32 (num_texts, num_words); a text without a known word is a row of zeros."""
        from scipy.sparse import csr_matrix, diags_array
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.preprocessing import normalize

        counter = CountVectorizer(analyzer=str.split, vocabulary=self.words, dtype=np.float64)
        weighed = counter.transform(texts) @ diags_array(self.idf)
        return csr_matrix(normalize(weighed), dtype=np.float32)

    def write(self, path: Path) -> None:
        """Store as JSON."""
        content = {"words": self.words, "idf": self.idf.tolist()}
        write_whole(path, json.dumps(content, ensure_ascii=False))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote.

        Raises:
            OutputError: If the file holds no different words with a number each.
        """
        try:
            content = json.loads(path.read_text("utf-8"))
            words, idf = tuple(content["words"]), np.array(content["idf"], np.float64)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise OutputError(f"{path.name} is no TF-IDF that can be read: {error!r}") from error
        if idf.shape != (len(words),) or len(set(words)) != len(words) or not all(isinstance(w, str) for w in words):
            raise OutputError(
                f"{path.name} is no TF-IDF: expected different words with a number each, received {len(words)} words "
                f"({len(set(words))} different) and numbers of shape {idf.shape}"
            )
        return cls(words, idf)
