import pytest

from rakuten.errors import RecipeError
from rakuten.text.stop_words import GOODS, stop_words

ALL = stop_words(("fr", "en", "de"))


def test_stop_words_look_like_clean_words() -> None:
    assert all(word.isascii() and word.isalpha() and word == word.lower() for word in ALL)


def test_stop_words_of_all_languages_are_found_without_accents() -> None:
    assert {"les", "ete", "meme", "the", "fur", "dass"} <= ALL


def test_contractions_are_parted_as_texts_are() -> None:
    assert {"qu", "don", "aren"} <= ALL


def test_parts_of_hyphenated_stop_words_stay_words() -> None:
    assert "vis" not in ALL


def test_words_that_name_products_stay() -> None:
    assert not GOODS & ALL


def test_a_language_without_a_list_is_refused() -> None:
    with pytest.raises(RecipeError, match="'klingon'"):
        stop_words(("fr", "klingon"))
