"""What is left in a text of the pages it was copied from: tags, entities, escapes of escapes, broken letters."""

import re
from collections import Counter
from collections.abc import Iterator

from rakuten.normalisation import decode_entities, is_mojibake

# A name with no semicolon is an entity too, for browsers and for people who copy.
_ENTITY = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_ESCAPED_TWICE = re.compile(r"&amp;(?:#[0-9]{1,7}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,15})(?=[\s/>])")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\ufffd]")

KINDS = ("tag", "entity", "escaped twice", "broken letter", "control character")


def residue(text: str) -> Iterator[tuple[str, str]]:
    """Each piece of residue as (kind, what): ("tag", "br"), ("entity", "&eacute;"), ("broken letter", "Ã©").

    Args:
        text: Raw.
    """
    if "<" in text:
        yield from (("tag", match[1].lower()) for match in _TAG.finditer(text))
    if "&" in text:
        yield from (("escaped twice", match[0]) for match in _ESCAPED_TWICE.finditer(text))
        yield from (("entity", match[0]) for match in _ENTITY.finditer(text))
    decoded = decode_entities(text)
    if is_mojibake(decoded):
        yield from (("broken letter", piece) for piece in _broken_letters(decoded))
    yield from (("control character", f"U+{ord(match[0]):04X}") for match in _CONTROL.finditer(text))


def _broken_letters(text: str) -> list[str]:
    """Pieces of mojibake; a piece that is none without its neighbours is shown as "…"."""
    return [piece for piece in _BEYOND_ASCII.findall(text) if is_mojibake(piece)] or ["…"]


def count_residue(text: str) -> Counter[tuple[str, str]]:
    """How often each piece of residue stands in a text."""
    return Counter(residue(text))
