from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rakuten.errors import OutputError
from rakuten.text.vocabulary import PADDING, UNKNOWN, Vocabulary

words = st.sampled_from(["piscine", "jeu", "livre", "ps4", "chaise", "tente"])
texts = st.lists(st.lists(words, max_size=12).map(" ".join), max_size=8)


def test_frequent_words_come_first_and_ties_are_alphabetical() -> None:
    assert Vocabulary.fit(["jeu jeu livre", "chaise livre jeu", "abri"], 3).words == ("jeu", "livre", "abri")


def test_texts_are_padded_and_cut_at_the_end() -> None:
    encoded = Vocabulary(("jeu", "livre")).encode(["livre", "", "jeu inconnu livre jeu"], 3)
    assert encoded.dtype == np.int32
    assert encoded.tolist() == [[3, PADDING, PADDING], [PADDING, PADDING, PADDING], [2, UNKNOWN, 3]]


def test_no_texts_make_an_empty_array_of_the_right_width() -> None:
    assert Vocabulary(("jeu",)).encode([], 4).shape == (0, 4)


@settings(deadline=None)
@given(texts, texts, st.integers(1, 8))
def test_words_are_found_again_by_their_index(fitted: list[str], encoded: list[str], length: int) -> None:
    vocabulary = Vocabulary.fit(fitted, 4)
    for text, row in zip(encoded, vocabulary.encode(encoded, length).tolist(), strict=True):
        expected = text.split()[:length]
        assert row[len(expected) :] == [PADDING] * (length - len(expected))
        for word, index in zip(expected, row, strict=False):
            assert index == UNKNOWN if word not in vocabulary.words else vocabulary.words[index - 2] == word
        assert max(row) < vocabulary.size


def test_vocabulary_survives_its_file(tmp_path: Path) -> None:
    vocabulary = Vocabulary.fit(["été jeu", "jeu"], 10)
    vocabulary.write(tmp_path / "vocabulary.json")
    assert Vocabulary.read(tmp_path / "vocabulary.json") == vocabulary


@pytest.mark.parametrize("content", ['{"jeu": 1}', '["jeu", 3]', '["jeu", "jeu"]', "[jeu", "\udcff"])
def test_a_file_that_is_no_vocabulary_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "vocabulary.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(OutputError, match="no vocabulary"):
        Vocabulary.read(path)
