"""What is left in a text of the pages it was copied from: tags, entities, escapes of escapes, broken letters."""

import re
from collections import Counter
from collections.abc import Iterator

# A name with no semicolon is an entity too, for browsers and for people who copy.
_ENTITY = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_ESCAPED_TWICE = re.compile(r"&amp;(?:#[0-9]{1,7}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]{0,15})(?=[\s/>])")
# UTF-8 that was read as Windows-1252 or Latin-1: `Ã©` for é, `â€™` for ’.
_MOJIBAKE = re.compile(r"Ã[\x80-\xbf©¨ª«§´®¯¢¼¶¤»¹]|â€[™œ“”¦\x80-\x9f]|Â[°«»\xa0]")
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
    yield from (("broken letter", match[0]) for match in _MOJIBAKE.finditer(text))
    yield from (("control character", f"U+{ord(match[0]):04X}") for match in _CONTROL.finditer(text))


def count_residue(text: str) -> Counter[tuple[str, str]]:
    """How often each piece of residue stands in a text."""
    return Counter(residue(text))
