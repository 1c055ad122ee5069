"""Folded text → clean words: tokens, short words, stop words and, where a recipe asks for it, Snowball stems.

Tokens are found by one compiled pattern. `nltk.tokenize.RegexpTokenizer` gives the same tokens five times slower, and
under a wall-clock limit that a busy machine can exceed; the benchmark compares with it. Stems are NLTK's: a Snowball
stemmer needs no corpus, and each distinct word is stemmed once.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass

from rakuten.errors import RecipeError
from rakuten.normalisation import fold, plain_text
from rakuten.recipes import CleaningRecipe
from rakuten.text.stop_words import stop_words


@dataclass(frozen=True)
class Cleaner:
    """Cleans texts into words of `a-z` (and digits), one space between them.

    Attributes:
        stop_words: Words that are dropped, folded.
        min_word_length: Characters a word must have to stay; its stem may be shorter.
        keep_digits: Whether digits may stand in a word; where not, they part words.
        stemming_language: Language whose Snowball stems replace the words, as NLTK names it; None: words stay.
    """

    stop_words: frozenset[str] = frozenset()
    min_word_length: int = 2
    keep_digits: bool = True
    stemming_language: str | None = None

    @classmethod
    def of_recipe(cls, recipe: CleaningRecipe) -> "Cleaner":
        """The cleaner that a recipe describes.

        Raises:
            RecipeError: If there are no stop words or stems for a language.
        """
        if recipe.stemming_language is not None:
            snowball(recipe.stemming_language)
        words = stop_words(recipe.stop_word_languages)
        return cls(words, recipe.min_word_length, recipe.keep_digits, recipe.stemming_language)

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str]:
        alphabet = "a-z0-9" if self.keep_digits else "a-z"
        return re.compile(f"[{alphabet}]{{{self.min_word_length},}}")

    def words(self, text: str) -> list[str]:
        """The clean words of a raw text, in order, repeated as in the text."""
        words = [word for word in self._pattern.findall(fold(plain_text(text))) if word not in self.stop_words]
        return words if self.stemming_language is None else list(map(snowball(self.stemming_language), words))

    def __call__(self, text: str) -> str:
        """The clean words of a raw text, joined by spaces; "" where none is left."""
        return " ".join(self.words(text))


@functools.cache
def snowball(language: str) -> Callable[[str], str]:
    """Snowball stemmer of a language, one computation a distinct word.

    Args:
        language: As NLTK names it: "french".

    Raises:
        RecipeError: If Snowball does not know the language.
    """
    # NLTK takes a second to import.
    from nltk.stem.snowball import SnowballStemmer

    if language not in SnowballStemmer.languages:
        known = ", ".join(sorted(SnowballStemmer.languages))
        raise RecipeError(f"no stems for {language!r}; languages with a Snowball stemmer: {known}")
    return functools.cache(SnowballStemmer(language).stem)
