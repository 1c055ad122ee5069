"""Which language a product's text is written in, told by its commonest words: no model, no download.

The lists of the package `stop-words` would not do: the English one holds 1,228 words, `la`, `de` and `un` among them,
and took a quarter of 12,000 French catalogue texts for English. These are the function words that each language uses
most and that mean nothing in the other two, accents stripped.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from rakuten.text.cleaning import Cleaner

Language = Literal["fr", "en", "de"]

COMMONEST: dict[Language, str] = {
    "fr": "le la les l d de du un une et est sont pour avec dans sur par ce cette ces qui que vous votre vos nous au "
    "aux en ne pas plus il elle ou son sa ses leur dont sans entre tout tous etre",
    "en": "the of and to is are for with this that these you your we our from it its in by be can not or has have "
    "will which when all at as if into",
    "de": "der die das und ist sind fur mit von vom den dem ein eine einen einer zu zum zur nicht auf sie ihr auch "
    "wird werden aus bei oder durch sich nach uber wie",
}
_LANGUAGE_OF: dict[str, Language] = {word: language for language, words in COMMONEST.items() for word in words.split()}

_words = Cleaner(min_word_length=1).words


def guess_languages(texts: Sequence[str]) -> list[Language | None]:
    """The language of each text: the one whose commonest words it holds most of.

    Args:
        texts: Raw texts.

    Returns:
        One a text; None where it holds none of these words, as many titles do, or as many of two languages.
    """
    return [_guess(_words(text)) for text in texts]


def _guess(words: list[str]) -> Language | None:
    counts = Counter(_LANGUAGE_OF[word] for word in words if word in _LANGUAGE_OF)
    ranked = counts.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]
