"""Guessing a text's language from its small words and accented letters: French, English, German, or not to be told.

No model and no download: the lists are those of the packages `stop-words` and scikit-learn. Titles of a shop hold few
small words, so that one of them decides; where none is found, or as many of two languages, the answer is "unknown".
"""

import functools
import re
from collections import Counter

from rakuten.text.cleaning import fold, plain_text
from rakuten.text.stop_words import stop_words

LANGUAGES = ("fr", "en", "de")
UNKNOWN = "unknown"

# Letters that only one of the three languages has. Not é: half of the English titles here are about Pokémon.
_LETTERS = {"fr": "àâçèêëîïôùûœÀÂÇÈÊËÎÏÔÙÛŒ", "de": "äöüßÄÖÜ"}

# Listed, and yet found on goods of any language (`full hd`, `pro`, `die cutting`), or small words of another one.
_GOODS = {
    "en": """
        amount back bill bottom call co con cry de describe detail down due eg empty es etc fill find fire front full go
        ie im inc interest ltd made mill move name next no of one part per pro re see serious show side sincere six
        sub system ten thick thin third three top two un us via
    """,
    "de": "bin die dir man manche pro war",
}
_WORD = re.compile("[a-z]{2,}")


def guess_language(text: str) -> str:
    """One of `LANGUAGES`, or "unknown".

    Args:
        text: Raw, HTML and entities and all.
    """
    plain = plain_text(text)
    evidence = Counter(_small_words().get(word) for word in _WORD.findall(fold(plain)))
    evidence.update(language for letter, language in _accents().items() if letter in plain)
    del evidence[None]
    (first, count), (_, next_count) = [*evidence.most_common(2), (UNKNOWN, 0), (UNKNOWN, 0)][:2]
    return first if first is not None and count > next_count else UNKNOWN


@functools.cache
def _small_words() -> dict[str, str]:
    """Word → the one of the three languages whose small word it is; words of several are left out."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = {language: set(stop_words((language,))) for language in LANGUAGES}
    # The package's English list is four times as long as the others, and holds what no other list calls a stop word.
    words["en"] &= ENGLISH_STOP_WORDS
    for language, goods in _GOODS.items():
        words[language] -= set(goods.split())
    listed = Counter(word for listed in words.values() for word in listed)
    return {word: language for language, those in words.items() for word in those if listed[word] == 1}


@functools.cache
def _accents() -> dict[str, str]:
    return {letter: language for language, letters in _LETTERS.items() for letter in letters}
