"""Repair of mojibake: UTF-8 that was read as Windows-1252, Latin-1 or another single-byte encoding (`Ã©` → `é`).

ftfy repairs, and only what encodes back into valid UTF-8; correct text with `Ã`, `Â` or `â` (`NÃO`, `Âge`) stays.

Reference:
    Speer, ftfy (Zenodo 2591652), https://ftfy.readthedocs.io.
"""

import re
import unicodedata

# What a continuation byte becomes (Windows-1250 to 1257, MacRoman, code page 437), behind what a first byte becomes: no
# correct word has both, and control characters. ftfy's own test of every text takes twice as long as all cleaning.
_SUSPECT = re.compile(
    "[\x80-\x9f¡-¹¼-¿€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ⌐┬║╗╝┤│¬≠©†Ää](?<=[Â-ÖØ-ôĂăĹĆāĀΒΓΞΟβГВРСв√├┬╬‚≈\u0302\u0303].)"
    "|[\x80-\x9f\ud800-\udfff]"
)
# Second bytes that may follow other letters in correct text: non-breaking blanks, quotes, ordinals. A plain blank
# proves nothing: `Ã` and `Â` are letters.
_SUSPECT_PAIR = re.compile("[ÃÂ][\xa0»º]|ã»")
# What ftfy does not take for mojibake: Ì, Î, Œ and ™.
_UNDETECTED = re.compile("Ã[ŒŽ]|Å’(?=[a-zA-Z])|â„¢")
# Mojibake in a title that was set in lower or title case afterwards (`Pã©ritel`). At the end of a word `ã®` is correct.
_LOWERED = re.compile("[ãà](?=[¢¤§¨©ª¯´¶¹¼]|[¡¦«®±³º»¿\xad‰€‡ˆ™œ][a-z])", re.IGNORECASE)


def repair_encoding(text: str) -> str:
    """The text with mojibake repaired, of several layers, too; text without any is returned as it is.

    Surrogate pairs become their character, and half a pair U+FFFD.
    """
    if _SUSPECT.search(text) or (("Ã" in text or "Â" in text or "ã" in text) and _SUSPECT_PAIR.search(text)):
        return _repair(text)
    return text


def is_mojibake(text: str) -> bool:
    """Does `repair_encoding` change the letters of the text?"""
    return repair_encoding(text) != text


def _repair(text: str) -> str:
    # ftfy takes 0.1 s to import, and few catalogues need it.
    from ftfy.fixes import fix_surrogates

    composed = unicodedata.normalize("NFC", fix_surrogates(text))
    repaired = _fix(composed)
    spelt = _UNDETECTED.sub(_decode_pair, _LOWERED.sub("Ã", repaired))
    if spelt != repaired:
        repaired = _fix(spelt)
    # Decomposed accents alone are no mojibake.
    return text if repaired == unicodedata.normalize("NFC", text) else repaired


def _fix(text: str) -> str:
    from ftfy import fix_encoding

    # Apart, because ftfy takes the dimension "3×²" for a Hebrew letter.
    return "×".join(map(fix_encoding, text.split("×")))


def _decode_pair(match: re.Match[str]) -> str:
    return match[0].encode("cp1252").decode("utf-8")
