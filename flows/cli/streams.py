"""Standard streams that never fail on a character: terminals that are not UTF-8 get the closest ASCII."""

import codecs
import sys
import unicodedata

ERRORS = "closest_ascii"

_CLOSEST = {"–": "-", "—": "-", "─": "-", "…": "...", "’": "'", "‘": "'", "“": '"', "”": '"', "→": "->", "·": "."}
_CLOSEST |= {"œ": "oe", "Œ": "OE", "æ": "ae", "ß": "ss", "×": "x", "€": "EUR", "\xa0": " "}


def make_streams_tolerant() -> None:
    """Have stdout and stderr write `-` for `–` and `e` for `é` where their encoding lacks them (`LANG=C`, Latin-1)."""
    codecs.register_error(ERRORS, _closest_ascii)
    for stream in (sys.stdout, sys.stderr):
        # Tests and programs may have put other objects in their place.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ERRORS)


def _closest_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_spell, error.object[error.start : error.end])), error.end


def _spell(character: str) -> str:
    if character in _CLOSEST:
        return _CLOSEST[character]
    if "\udc80" <= character <= "\udcff":
        # A byte of a file name that is no UTF-8.
        return f"\\x{ord(character) - 0xDC00:02x}"
    return unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode() or "?"
