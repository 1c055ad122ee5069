"""Words as numbers for Keras: 0 is padding, 1 any word the train rows did not hold, 2 the most frequent word."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from rakuten.errors import OutputError
from rakuten.outputs.atomic import write_whole

PADDING = 0
UNKNOWN = 1
FIRST_WORD = 2


@dataclass(frozen=True)
class Vocabulary:
    """The words a network knows.

    Attributes:
        words: Most frequent first; the word at position i has index i + 2.
    """

    words: tuple[str, ...]

    @classmethod
    def fit(cls, texts: Iterable[str], num_words: int) -> Self:
        """The most frequent words of clean texts; equally frequent ones in alphabetical order.

        Args:
            texts: Of train rows only, words parted by spaces.
            num_words: Words to keep, at most.
        """
        counts = Counter(word for text in texts for word in text.split())
        ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
        return cls(tuple(word for word, _ in ranked[:num_words]))

    @property
    def size(self) -> int:
        """Number of indices, padding and unknown included: the `input_dim` of an Embedding."""
        return FIRST_WORD + len(self.words)

    def encode(self, texts: Sequence[str], sequence_length: int) -> npt.NDArray[np.int32]:
        """Word indices of clean texts.

        Args:
            texts: Words parted by spaces.
            sequence_length: Longer texts lose their end, shorter ones are padded at the end.

        Returns:
            int32 array of shape (num_texts, sequence_length).
        """
        indices = {word: index for index, word in enumerate(self.words, FIRST_WORD)}
        encoded = np.full((len(texts), sequence_length), PADDING, np.int32)
        for row, text in enumerate(texts):
            # One split more than wanted: what is left over stays one piece, and is cut off.
            words = text.split(maxsplit=sequence_length)[:sequence_length]
            encoded[row, : len(words)] = [indices.get(word, UNKNOWN) for word in words]
        return encoded

    def write(self, path: Path) -> None:
        """Store as a JSON list."""
        write_whole(path, json.dumps(self.words, ensure_ascii=False, indent=0))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote.

        Raises:
            OutputError: If the file is no list of different words.
        """
        try:
            words = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            raise OutputError(f"{path.name} is no vocabulary: {error}") from error
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise OutputError(f"{path.name} is no vocabulary: expected a JSON list of words")
        if len(set(words)) != len(words):
            raise OutputError(f"{path.name} is no vocabulary: it holds a word more than once")
        return cls(tuple(words))
