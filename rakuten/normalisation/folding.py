"""Case, accents and character variants → plain lower-case Latin letters."""

import functools
import re
import unicodedata

# Letters that Unicode does not decompose into a Latin letter and a mark, and signs whose letters are no word.
_SPELT_OUT = {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "þ": "th"}
_SIGNS = frozenset("™℠℗")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def fold(text: str) -> str:
    """Lower case without accents, ligatures, invisible characters or variants (`Œuvré ﬁn m²` → `oeuvre fin m2`).

    Folding folded text changes nothing. Letters of other scripts stay.
    """
    # Only the characters that need it are looked at: `str.translate` would look up every letter, four times as slow.
    return text.lower() if text.isascii() else _BEYOND_ASCII.sub(_fold_match, text).lower()


def _fold_match(match: re.Match[str]) -> str:
    return _fold_character(match[0])


@functools.cache
def _fold_character(character: str) -> str:
    if character in _SIGNS:
        return " "
    if "\x80" <= character <= "\x9f":
        # Control characters that no text holds: bytes of Windows-1252 that were read as Latin-1.
        character = character.encode("latin-1").decode("cp1252", errors="replace")
    # Twice, because the lower case of a few letters decomposes again.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(
        _SPELT_OUT.get(part, part) for part in decomposed if unicodedata.category(part) not in ("Mn", "Me", "Cf")
    )
