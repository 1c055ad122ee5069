"""Raw catalogue text → clean words: entities, tags, case, accents, short words, stop words, in this order.

The order matters: an entity decoded after the accents are gone leaves `eacute` behind as a word, and a stop word
compared before accents are stripped never matches `ete`. Everything is a compiled pattern, one `str.translate` or a set
look-up; NLTK's tokenizers give the same words on this alphabet many times slower, so they serve as the reference the
benchmark compares with, word by word, and not here.
"""

import functools
import html
import re
import unicodedata
from dataclasses import dataclass

# Shops escape what was escaped already (`&amp;eacute;`); deeper nesting than this is no text any more.
MAX_ESCAPING = 4

# `html.unescape` turns the digits into an int, which Python refuses above 4,300 of them; no character needs eight.
_OVERLONG_REFERENCE = re.compile(r"&#[0-9]{8,};?")

# A tag opens with a letter right after "<": a bare "<" ("taille < 5 cm") is text. Quoted values may hold ">". The
# possessive quantifiers keep hostile text linear; the second branch takes tags whose quotes do not match.
_TAG = re.compile(
    r"""</?[a-zA-Z][^<>=]*+(?:=\s*+(?>"[^"<]*+"|'[^'<]*+')?+[^<>=]*+)*+>|</?[a-zA-Z][^<>]*+>|<[!?][^<>]*+>"""
)
_HIDDEN = re.compile(r"<(!--|script\b|style\b)", re.IGNORECASE)
_HIDDEN_END = {
    "!--": re.compile("-->"),
    "script": re.compile(r"</script\s*>", re.IGNORECASE),
    "style": re.compile(r"</style\s*>", re.IGNORECASE),
}

# Letters that Unicode does not decompose into a Latin letter and a mark, and signs whose letters are no word.
_SPELT_OUT = {"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "ł": "l", "þ": "th"}
_SIGNS = frozenset("™℠℗")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def plain_text(text: str) -> str:
    """The text a reader of the shop's page sees: entities decoded, tags a space each, hidden content gone.

    Args:
        text: Any string; HTML, escaped HTML, cut HTML or none.
    """
    if "&" in text:
        text = _decode_entities(text)
    if "<" in text:
        text = _TAG.sub(" ", _drop_hidden(text))
    return text


def fold(text: str) -> str:
    """Lower case without accents, ligatures, invisible characters or variants (`Œuvré ﬁn m²` → `oeuvre fin m2`).

    Folding folded text changes nothing. Letters of other scripts stay.
    """
    # Only the characters that need it are looked at: `str.translate` would look up every letter, four times as slow.
    return text.lower() if text.isascii() else _BEYOND_ASCII.sub(_fold_match, text).lower()


@dataclass(frozen=True)
class Cleaner:
    """Cleans texts into words of `a-z` (and digits), one space between them.

    Attributes:
        stop_words: Words that are dropped, folded.
        min_word_length: Characters a word must have to stay.
        keep_digits: Whether digits may stand in a word; where not, they part words.
    """

    stop_words: frozenset[str] = frozenset()
    min_word_length: int = 2
    keep_digits: bool = True

    @functools.cached_property
    def _pattern(self) -> re.Pattern[str]:
        alphabet = "a-z0-9" if self.keep_digits else "a-z"
        return re.compile(f"[{alphabet}]{{{self.min_word_length},}}")

    def words(self, text: str) -> list[str]:
        """The clean words of a raw text, in order, repeated as in the text."""
        return [word for word in self._pattern.findall(fold(plain_text(text))) if word not in self.stop_words]

    def __call__(self, text: str) -> str:
        """The clean words of a raw text, joined by spaces; "" where none is left."""
        return " ".join(self.words(text))


def _decode_entities(text: str) -> str:
    for _ in range(MAX_ESCAPING):
        decoded = html.unescape(_OVERLONG_REFERENCE.sub(" ", text))
        if decoded == text:
            break
        text = decoded
    return text


def _drop_hidden(text: str) -> str:
    """Drop comments, scripts and styles with their content; one that never ends is left to the tag pattern."""
    kept: list[str] = []
    position = start = 0
    # Without this, a text of nothing but openings would be searched to its end once for each.
    endless: set[str] = set()
    while opening := _HIDDEN.search(text, start):
        kind, start = opening[1].lower(), opening.end()
        closing = None if kind in endless else _HIDDEN_END[kind].search(text, start)
        if closing is None:
            endless.add(kind)
            continue
        kept += text[position : opening.start()], " "
        position = start = closing.end()
    return "".join((*kept, text[position:]))


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
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).lower())
    return "".join(
        _SPELT_OUT.get(part, part) for part in decomposed if unicodedata.category(part) not in ("Mn", "Me", "Cf")
    )
