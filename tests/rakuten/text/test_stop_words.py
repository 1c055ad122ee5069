import pytest

from rakuten.errors import RecipeError
from rakuten.normalisation import fold
from rakuten.text.stop_words import PRODUCT_WORDS, stop_words

ALL = stop_words(("fr", "en", "de"))


def test_stop_words_look_like_clean_words() -> None:
    assert all(word.isascii() and word.isalpha() and word == word.lower() for word in ALL)


def test_stop_words_of_all_languages_are_found_without_accents() -> None:
    assert {"les", "ete", "meme", "the", "fur", "dass"} <= ALL


def test_contractions_are_parted_as_texts_are() -> None:
    assert {"qu", "don", "aren"} <= ALL


def test_parts_of_hyphenated_stop_words_stay_words() -> None:
    assert "vis" not in ALL


def test_words_that_say_what_a_product_is_stay() -> None:
    units = {"cm", "mm", "kg", "ml", "kw", "gb", "hr"}
    media = {"cd", "bd", "pages", "page", "vol"}
    things = {"home", "or", "car", "four", "mug", "tv", "ring", "avions", "places", "personnes", "case", "dos", "etat"}
    assert not (units | media | things | PRODUCT_WORDS) & ALL


def test_short_function_words_stay_stop_words() -> None:
    assert {"a", "of", "to", "is", "it", "by", "ll", "de", "la", "et", "du", "zu", "am"} <= ALL
    assert {"of", "to"} <= stop_words(("english",))


def test_each_product_word_is_in_a_list() -> None:
    """A word that no list holds needs no exception."""
    from stop_words import get_stop_words

    listed = {fold(word) for language in ("fr", "en", "de") for word in get_stop_words(language)}
    assert listed >= PRODUCT_WORDS


def test_a_language_without_a_list_is_refused() -> None:
    with pytest.raises(RecipeError, match="'klingon'"):
        stop_words(("fr", "klingon"))
