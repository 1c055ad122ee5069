"""Telling languages by their commonest words."""

import pytest

from rakuten.demo.products import Part, plan_products
from rakuten.demo.text import product_texts
from rakuten.text.language import COMMONEST, guess_languages


def test_sentences_are_told_by_their_commonest_words() -> None:
    texts = [
        "Cette piscine est livrée avec une pompe et son filtre",
        "This pool comes with a pump and its filter",
        "Dieser Pool wird mit einer Pumpe und dem Filter geliefert",
        "L&#39;eau de la piscine n&eacute;cessite <br> un filtre",
    ]
    assert guess_languages(texts) == ["fr", "en", "de", "fr"]


def test_titles_without_common_words_are_of_no_language() -> None:
    assert guess_languages(["Drone RC 2.4GHz", "", "ポケモン", "des on an"]) == [None] * 4


def test_a_text_in_two_languages_alike_is_of_neither() -> None:
    assert guess_languages(["avec with"]) == [None]
    assert guess_languages(["avec with une"]) == ["fr"]


def test_no_word_stands_for_two_languages() -> None:
    words = [word for listed in COMMONEST.values() for word in listed.split()]
    assert len(words) == len(set(words))


def test_most_generated_descriptions_are_told_in_about_the_shares_they_were_written_in() -> None:
    texts = [product_texts(product, 0)[1] for product in plan_products(600, 0, Part.TRAIN)]
    guessed = guess_languages([text for text in texts if text])
    assert guessed.count(None) < 0.05 * len(guessed)
    assert guessed.count("fr") / len(guessed) == pytest.approx(0.80, abs=0.06)
    assert guessed.count("en") / len(guessed) == pytest.approx(0.13, abs=0.06)
    assert guessed.count("de") / len(guessed) == pytest.approx(0.07, abs=0.06)
