"""Counts and weights agree with scikit-learn's; fitted state survives being rebuilt."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer

from rakuten.text import ngrams as module
from rakuten.text.ngrams import Kind, Ngrams, Tfidf, ngram_text

TEXTS = ["bâche piscine 4m", "la piscine, la bâche", "", "jeu jeu jeu", "x", "un livre de jeu de rôle"]

letters = st.text(alphabet="ab é2,-", max_size=15)


def sklearn_tfidf(kind: Kind, shortest: int, longest: int, min_df: int = 1) -> TfidfVectorizer:
    return TfidfVectorizer(
        analyzer="word" if kind == "word" else "char_wb",
        token_pattern=r"\w+" if kind == "word" else None,
        ngram_range=(shortest, longest),
        min_df=min_df,
        sublinear_tf=True,
        lowercase=False,
        dtype=np.float64,
    )


@settings(deadline=None)
@given(st.lists(letters, max_size=6), st.lists(letters, max_size=4), st.sampled_from(["word", "char"]))
def test_features_are_those_of_scikit_learn(fitted: list[str], others: list[str], kind: Kind) -> None:
    fitted = [*fitted, "ab ba"]
    theirs = sklearn_tfidf(kind, 1, 3)
    expected = theirs.fit_transform(fitted).toarray()
    ours, features = Tfidf.fit(fitted, Ngrams(kind, 1, 3), min_df=1, max_terms=10_000)
    assert list(ours.terms) == theirs.get_feature_names_out().tolist()
    assert np.allclose(features.toarray(), expected, atol=1e-6)
    assert np.allclose(ours.transform(others).toarray(), theirs.transform(others).toarray() if others else 0, atol=1e-6)


def test_rare_terms_are_left_out() -> None:
    ours, _ = Tfidf.fit(TEXTS, Ngrams("word", 1, 1), min_df=2, max_terms=100)
    assert list(ours.terms) == sklearn_tfidf("word", 1, 1, min_df=2).fit(TEXTS).get_feature_names_out().tolist()


def test_the_terms_of_most_texts_are_kept_and_ties_are_alphabetical() -> None:
    ours, features = Tfidf.fit(["d c", "d b", "a d", "c"], Ngrams("word", 1, 1), min_df=1, max_terms=3)
    assert ours.terms == ("a", "c", "d")
    assert features.shape == (4, 3)


def test_no_term_is_frequent_enough() -> None:
    ours, features = Tfidf.fit(["un", "deux", ""], Ngrams("word", 1, 2), min_df=2, max_terms=100)
    assert ours.terms == ()
    assert features.shape == (3, 0)


def test_counting_in_chunks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, features = Tfidf.fit(TEXTS, Ngrams("char", 2, 4), min_df=1, max_terms=1_000)
    monkeypatch.setattr(module, "CHUNK", 2)
    parted, same = Tfidf.fit(TEXTS, Ngrams("char", 2, 4), min_df=1, max_terms=1_000)
    assert parted.terms == whole.terms
    assert np.array_equal(same.toarray(), features.toarray())
    assert np.array_equal(whole.transform(TEXTS).toarray(), features.toarray())


def test_words_too_long_to_be_remembered_are_counted() -> None:
    long = "a" * 1_000
    ours, features = Tfidf.fit([long, f"b {long}"], Ngrams("char", 3, 3), min_df=2, max_terms=10)
    assert ours.terms == (" aa", "aa ", "aaa")
    assert features.nnz == 6


def test_no_texts_make_no_rows() -> None:
    ours, _ = Tfidf.fit(TEXTS, Ngrams("word", 1, 1), min_df=1, max_terms=100)
    assert ours.transform([]).shape == (0, len(ours.terms))


def test_numbers_are_followed_by_their_forms() -> None:
    assert ngram_text("B&acirc;che <b>120x80cm</b> PS4") == "bache  120x80cm  ps4 #000x00cm #ps0"
    assert ngram_text("") == ""


def test_one_endless_word_takes_linear_time() -> None:
    started = time.perf_counter()
    Tfidf.fit([ngram_text("x" * 200_000), ngram_text("1" * 200_000)], Ngrams("char", 3, 5), min_df=1, max_terms=100)
    assert time.perf_counter() - started < 10
