"""Stop words of whole languages, in the form that clean words have, less the words that say what a product is.

The lists come from the package `stop-words`; those of NLTK are a download, which a machine behind a firewall cannot
make. The English one holds units, country codes and nouns (`cm`, `cd`, `pages`), and what is a function word in one
language may be goods in another (`or`: gold). Hence two exceptions, both stated here.
"""

import functools

from rakuten.errors import RecipeError
from rakuten.normalisation import fold

# Of the 500 English entries of one or two letters only these are function words or parts of contractions; the others
# are units (`kg`), media (`cd`), country codes and initials (`gb`: a Game Boy, `gi` and `yu`: a card game).
_ENGLISH_SHORT = """
a am an as at be by d do he i if in is it ll m me my no of on re s so t to up us ve we
"""

# Words of the lists that tell product classes apart, by reason.
_PRODUCT_WORDS: dict[str, str] = {
    "homographs: French gold, oven, planes, sleeve; English car, man, hat; German child": "or four car kind man men "
    "hat war hell net mine manche fut avions force mill",
    "media, books and paper": "page pages vol vols novel text caption copy index section parole mot sujet nom",
    "rooms, positions and shapes of furniture, shoes and pools": "home room rooms front back bottom top side sides "
    "face faces inner inside outside dos haut dessous dessus dehors dedans droite plein round thick thin width long "
    "longer longest large small smaller big high higher low lower full empty clear half open opened",
    "goods and their counts: lot de 2 pieces, tente 4 personnes, canape 3 places": "computer fire keys microsoft mug "
    "ring shell system tv case cases bill piece personne personnes place places part parts point points brief goods "
    "interest tip group order help fix test world wonder move ups down work",
    "state of used goods: bon etat": "etat essai",
}
PRODUCT_WORDS = frozenset(word for words in _PRODUCT_WORDS.values() for word in words.split())


@functools.cache
def stop_words(languages: tuple[str, ...]) -> frozenset[str]:
    """All stop words of some languages, folded, without `PRODUCT_WORDS`.

    A listed word is split at its apostrophes as texts are (`qu'il` → `qu`, `il`); hyphenated ones are left out, since
    their parts mean other things (`vis-à-vis`: a `vis` is a screw).

    Args:
        languages: Codes or English names: "fr", "german".

    Raises:
        RecipeError: If there is no list for a language.
    """
    from stop_words import AVAILABLE_LANGUAGES, LANGUAGE_MAPPING

    unknown = [name for name in languages if name not in LANGUAGE_MAPPING and name not in AVAILABLE_LANGUAGES]
    if unknown:
        known = ", ".join(sorted(LANGUAGE_MAPPING))
        raise RecipeError(f"no stop words for {', '.join(map(repr, unknown))}; languages with a list: {known}")
    return frozenset().union(*map(_listed, languages)) - PRODUCT_WORDS


def _listed(language: str) -> frozenset[str]:
    from stop_words import LANGUAGE_MAPPING, get_stop_words

    folded = (fold(word).replace("’", "'") for word in get_stop_words(language))
    words = frozenset(part for word in folded for part in word.split("'") if part.isascii() and part.isalpha())
    if LANGUAGE_MAPPING.get(language, language) == "english":
        short = _ENGLISH_SHORT.split()
        words = frozenset(word for word in words if len(word) > 2 or word in short)
    return words
