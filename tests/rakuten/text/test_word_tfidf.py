"""TF-IDF of words is scikit-learn's, and survives being stored."""

from pathlib import Path

import numpy as np
import pytest

from rakuten.errors import OutputError
from rakuten.text.word_tfidf import WordTfidf

TEXTS = ["livre roman livre", "", "piscine pompe", "roman 4711 livre", "été 🎮 x"]


def test_it_is_what_scikit_learn_makes() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    theirs = TfidfVectorizer(analyzer=str.split)
    expected = theirs.fit_transform(TEXTS).toarray()
    ours = WordTfidf.fit(TEXTS, 100)
    assert list(ours.words) == theirs.get_feature_names_out().tolist()
    assert np.allclose(ours.transform(TEXTS).toarray(), expected, atol=1e-7)


def test_the_most_frequent_words_are_kept_and_ties_go_by_the_alphabet() -> None:
    assert WordTfidf.fit(TEXTS, 3).words == ("4711", "livre", "roman")
    assert WordTfidf.fit(["", " "], 3).words == ()


def test_stored_and_read_it_makes_the_same_numbers(tmp_path: Path) -> None:
    fitted = WordTfidf.fit(TEXTS, 100)
    fitted.write(tmp_path / "tfidf.json")
    again = WordTfidf.read(tmp_path / "tfidf.json")
    assert np.array_equal(again.transform(TEXTS).toarray(), fitted.transform(TEXTS).toarray())


@pytest.mark.parametrize(
    "content", ["", "[]", '{"words": ["a"]}', '{"words": ["a", "a"], "idf": [1, 1]}', '{"words": ["a"], "idf": []}']
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tfidf.json"
    path.write_text(content, "utf-8")
    with pytest.raises(OutputError, match=r"tfidf\.json is no TF-IDF"):
        WordTfidf.read(path)
