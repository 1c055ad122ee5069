"""Stop words of whole languages, in the form clean words have.

The lists come from the package `stop-words`; those of NLTK are a download, which a machine behind a firewall cannot
make.
"""

import functools

from rakuten.errors import RecipeError
from rakuten.text.cleaning import fold

# In the lists, and yet what a product is: without them a mug or a graphic novel loses its only telling word.
GOODS = frozenset({"computer", "fire", "keys", "microsoft", "mug", "novel", "ring", "shell", "system", "tv"})


@functools.cache
def stop_words(languages: tuple[str, ...]) -> frozenset[str]:
    """All stop words of some languages, folded.

    A listed word is parted at its apostrophes as texts are (`qu'il` → `qu`, `il`); hyphenated ones are left out, since
    their parts mean other things (`vis-à-vis`: a `vis` is a screw).

    Args:
        languages: Codes or English names: "fr", "german".

    Raises:
        RecipeError: If there is no list for a language.
    """
    from stop_words import AVAILABLE_LANGUAGES, LANGUAGE_MAPPING, get_stop_words

    unknown = [name for name in languages if name not in LANGUAGE_MAPPING and name not in AVAILABLE_LANGUAGES]
    if unknown:
        known = ", ".join(sorted(LANGUAGE_MAPPING))
        raise RecipeError(f"no stop words for {', '.join(map(repr, unknown))}; languages with a list: {known}")
    listed = (fold(word).replace("’", "'") for language in languages for word in get_stop_words(language))
    parts = {part for word in listed for part in word.split("'")}
    return frozenset(part for part in parts if part.isascii() and part.isalpha()) - GOODS
