"""The vocabulary of the generated dump: commonplace words of three languages and a long tail of invented ones."""

import functools
import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

LANGUAGES: tuple[str, ...] = ("fr", "en", "de")
NUM_INVENTED = 40_000
NAMES_PER_CLASS = 250
NUM_SPECIFICATIONS = 4_000

# Classes that borrow each other's words, as the real ones do.
CONFUSABLE_IN_TEXT: tuple[tuple[int, int], ...] = (
    (1140, 1180),
    (50, 60),
    (1280, 1302),
    (10, 2280),
    (10, 2705),
    (2280, 2403),
    (1280, 1281),
    (40, 2462),
    (1560, 2582),
    (1560, 2060),
    (2582, 2585),
)

_ONSETS = [
    "b",
    "c",
    "d",
    "f",
    "g",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "br",
    "ch",
    "cl",
    "cr",
    "dr",
    "fl",
    "gr",
    "pl",
    "pr",
    "qu",
    "st",
    "tr",
]
_VOWELS = ["a", "e", "i", "o", "u", "ai", "an", "au", "eau", "en", "eu", "ie", "in", "on", "ou", "é", "è"]
_CODAS = ["", "", "", "", "l", "n", "r", "s", "t", "x"]


@functools.cache
def invented_words() -> tuple[str, ...]:
    """40,000 distinct words of one to three syllables; the same in every dump."""
    rng = np.random.default_rng(27)
    words: dict[str, None] = {}
    while len(words) < NUM_INVENTED:
        onsets = rng.integers(len(_ONSETS), size=(NUM_INVENTED, 3)).tolist()
        vowels = rng.integers(len(_VOWELS), size=(NUM_INVENTED, 3)).tolist()
        codas = rng.integers(len(_CODAS), size=NUM_INVENTED).tolist()
        lengths = rng.choice([1, 2, 3], size=NUM_INVENTED, p=[0.1, 0.6, 0.3]).tolist()
        for onset, vowel, coda, length in zip(onsets, vowels, codas, lengths, strict=True):
            syllables = (_ONSETS[o] + _VOWELS[v] for o, v in zip(onset[:length], vowel, strict=False))
            words["".join(syllables) + _CODAS[coda]] = None
    return tuple(words)[:NUM_INVENTED]


@functools.cache
def specifications() -> tuple[str, ...]:
    """Sizes, quantities and references as titles and data sheets have them."""
    rng = np.random.default_rng(28)
    forms = ("{a}x{b}cm", "{a} cm", "{a}", "{c}{a}-{b}", "{a}x{b}x{d} cm", "n°{a}", "{b}w", "{c}{b}", "{d} pcs", "{a}g")
    found = []
    for form in rng.integers(len(forms), size=NUM_SPECIFICATIONS).tolist():
        a, b, d = (int(10 ** rng.uniform(0.3, top)) for top in (3.2, 2.5, 1.6))
        letters = "".join(chr(65 + letter) for letter in rng.integers(26, size=2).tolist())
        found.append(forms[form].format(a=a, b=b, c=letters, d=d))
    return tuple(found)


@functools.cache
def function_words(language: str) -> tuple[str, ...]:
    """Words that carry grammar only, the most frequent first."""
    return tuple(_book()["languages"][language]["function"].split())


@functools.cache
def trade_words(language: str) -> tuple[str, ...]:
    """Words of any shop, whatever it sells, the most frequent first."""
    return tuple(_book()["languages"][language]["trade"].split())


@functools.cache
def class_words(code: int, language: str) -> tuple[str, ...]:
    """Commonplace words of one class, the most frequent first."""
    return tuple(_book()["classes"][str(code)][language].split())


@functools.cache
def class_names(code: int) -> tuple[str, ...]:
    """Invented makers, heroes and series of one class, the most frequent first; the languages share them."""
    invented = invented_words()
    names = np.random.default_rng([29, code]).integers(len(invented), size=NAMES_PER_CLASS).tolist()
    return tuple(invented[name] for name in names)


@functools.cache
def confusable_with(code: int) -> tuple[int, ...]:
    """Classes whose words texts of class `code` borrow."""
    return tuple(b if a == code else a for a, b in CONFUSABLE_IN_TEXT if code in (a, b))


def pick(words: Sequence[str], draw: float) -> str:
    """The word at a uniform draw from [0, 1): rank r comes with a probability of about 1 / r, as in natural text."""
    return words[int(len(words) ** draw) - 1]


@functools.cache
def _book() -> dict[str, dict[str, dict[str, str]]]:
    with (Path(__file__).parent / "words.toml").open("rb") as file:
        return tomllib.load(file)
