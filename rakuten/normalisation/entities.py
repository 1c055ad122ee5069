"""HTML entities → characters, escaped once or several times."""

import html
import html.entities
import re

# Shops escape what was escaped already (`&amp;eacute;`); deeper nesting than this is no text any more.
MAX_ESCAPING = 4

# `html.unescape` turns the digits into an int, which Python refuses above 4,300 of them; no character needs eight.
_OVERLONG_REFERENCE = re.compile(r"&#[0-9]{8,};?")

# HTML decodes these names without a semicolon, too, so that `jeux&regles` reads `jeux®les`. Before another letter they
# are the beginning of a word. Accented letters (`&eacutetoile`) are not: no word begins with `eacute`.
_WORD_AFTER_AMPERSAND = re.compile(
    r"&(?=(?:acute|amp|brvbar|cedil|cent|copy|curren|deg|divide|eth|gt|lt|macr|micro|middot|not|para|plusmn|pound|quot"
    r"|reg|sect|shy|thorn|times|uml|yen)[a-z])([a-z0-9]{1,31};?)",
    re.IGNORECASE,
)


def decode_entities(text: str) -> str:
    """Decode entities until none is left, at most `MAX_ESCAPING` times."""
    for _ in range(MAX_ESCAPING):
        decoded = html.unescape(_WORD_AFTER_AMPERSAND.sub(_part_word, _OVERLONG_REFERENCE.sub(" ", text)))
        if decoded == text:
            break
        text = decoded
    return text


def _part_word(match: re.Match[str]) -> str:
    return match[0] if match[1] in html.entities.html5 else f"& {match[1]}"
