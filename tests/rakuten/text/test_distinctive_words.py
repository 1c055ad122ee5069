"""Words are counted by product; the telling ones are those of one class, neither the frequent nor the rare."""

import numpy as np
import pytest

from rakuten.text.distinctive_words import PRIOR_WORDS, count_by_group, log_odds, similarities, word_matrix

TEXTS = ["piscine piscine bache", "piscine lot", "livre lot", "livre tome lot", ""]
GROUPS = np.array([0, 0, 1, 1, 2])


def test_a_product_counts_once_for_a_word_it_repeats() -> None:
    matrix, words = word_matrix(TEXTS)
    assert words.tolist() == ["bache", "livre", "lot", "piscine", "tome"]
    assert count_by_group(matrix, GROUPS, 3).tolist() == [[1, 0, 1, 2, 0], [0, 2, 2, 0, 1], [0, 0, 0, 0, 0]]


def test_rare_words_are_left_out_and_the_most_frequent_kept() -> None:
    assert word_matrix(TEXTS, fewest_products=2)[1].tolist() == ["livre", "lot", "piscine"]
    assert word_matrix(TEXTS, max_words=2)[1].tolist() == ["livre", "lot"]


def test_no_texts_have_no_words() -> None:
    matrix, words = word_matrix([])
    assert matrix.shape == (0, 0)
    assert len(words) == 0


def test_log_odds_are_those_of_the_paper() -> None:
    counts = np.array([[30.0, 10.0, 60.0], [5.0, 40.0, 155.0]])
    prior = PRIOR_WORDS * counts.sum(axis=0) / counts.sum()
    y, a = counts[0, 0], prior[0]
    other = counts[1, 0]
    n, m = counts[0].sum(), counts[1].sum()
    delta = np.log((y + a) / (n + PRIOR_WORDS - y - a)) - np.log((other + a) / (m + PRIOR_WORDS - other - a))
    assert log_odds(counts)[0, 0] == pytest.approx(delta / np.sqrt(1 / (y + a) + 1 / (other + a)))


def test_the_telling_word_is_neither_the_most_frequent_nor_one_seen_once() -> None:
    counts = np.array([[500.0, 80.0, 1.0], [500.0, 2.0, 0.0]])
    assert log_odds(counts)[0].argmax() == 1


def test_words_dealt_out_at_random_tell_nothing() -> None:
    random = np.random.default_rng(0)
    shares = random.dirichlet(np.ones(400))
    scores = log_odds(np.stack([random.multinomial(size, shares) for size in (3000, 400, 20_000)]).astype(float))
    assert (np.abs(scores) > 1.96).mean() < 0.05


def test_equal_vocabularies_are_alike_and_disjoint_ones_are_not() -> None:
    counts = np.array([[4.0, 2.0, 0.0], [8.0, 4.0, 0.0], [0.0, 0.0, 5.0], [0.0, 0.0, 0.0]])
    alike = similarities(counts, counts.sum(axis=0), 30)
    assert alike[0, 1] == pytest.approx(1)
    assert alike[0, 2] == 0
    assert np.isnan(alike[3]).all()
    assert np.allclose(alike, alike.T, equal_nan=True)


def test_a_word_that_every_product_holds_makes_no_classes_alike() -> None:
    counts = np.array([[10.0, 5.0, 0.0], [10.0, 0.0, 5.0]])
    assert similarities(counts, counts.sum(axis=0), 20)[0, 1] == 0
