"""Titles and descriptions of the generated dump: three languages, HTML, entities, and a class signal with noise."""

import html.entities
import itertools
from collections.abc import Sequence

import numpy as np

from rakuten.catalogue.classes import CODES
from rakuten.demo.products import Product, Stream, random_stream
from rakuten.demo.words import (
    LANGUAGES,
    class_names,
    class_words,
    confusable_with,
    function_words,
    invented_words,
    pick,
    specifications,
    trade_words,
)

LONGEST_DESIGNATION = 250
LANGUAGE_SHARES = (0.80, 0.13, 0.07)

# Share of products without a description; 35 % over all products. Prints and cards are often sold by title alone.
USUALLY_MISSING = 0.15
OFTEN_MISSING: dict[int, float] = {
    2403: 0.95,
    2280: 0.92,
    1160: 0.90,
    10: 0.85,
    2462: 0.75,
    1180: 0.70,
    40: 0.60,
    1140: 0.48,
    2705: 0.40,
    1280: 0.35,
    50: 0.30,
    2583: 0.10,
    1560: 0.05,
    1302: 0.05,
    2905: 0.0,
}

# A product is about few words; each is its own class's, a confusable class's, any class's, or says nothing.
FOCUS_WORDS = 6
SURE_IN_TITLE = 5
CLEAR_FOCUS = (0.80, 0.10, 0.02, 0.08)
VAGUE_FOCUS = (0.12, 0.08, 0.15, 0.65)
NAME_SHARE = 0.10
VAGUE_SHARE = 0.15

# Shares of: focus, function, trade, invented, specification.
TITLE_MIX = (0.38, 0.20, 0.12, 0.18, 0.12)
DESCRIPTION_MIX = (0.08, 0.45, 0.25, 0.16, 0.06)
CHARACTERS_A_WORD = 6.3

_NAMED = {ord(mark): f"&{html.entities.codepoint2name[ord(mark)]};" for mark in "éèêàçôûîâùëïöüäßÉÈÀÖÜÄ°"}
_ENTITIES: tuple[tuple[float, dict[int, str]], ...] = (
    (0.34, {}),
    (0.30, {**_NAMED, ord("'"): "&rsquo;"}),
    (0.26, {ord("'"): "&#39;"}),
    (0.10, _NAMED),
)
DOUBLE_ESCAPED_SHARE = 0.06
HTML_SHARE = 0.38
_HEADINGS = {"fr": "Caractéristiques :", "en": "Features:", "de": "Eigenschaften:"}


def product_texts(product: Product, seed: int) -> tuple[str, str | None]:
    """Title and description of a product.

    Args:
        product: The product.
        seed: Seed of the dump.

    Returns:
        Designation of at most 250 characters; description with HTML and entities, or None where it is missing.
    """
    # A twin has its original's title, hence also its language and subject, and a description of its own.
    rng = random_stream(seed, Stream.TITLE, product.part, product.title_source)
    language = LANGUAGES[int(np.searchsorted(np.cumsum(LANGUAGE_SHARES)[:-1], rng.random(), "right"))]
    focus = _focus(rng, product.text_code, language)
    designation = _designation(rng, focus, language)
    rng = random_stream(seed, Stream.DESCRIPTION, product.part, product.position)
    if rng.random() < OFTEN_MISSING.get(product.text_code, USUALLY_MISSING):
        return designation, None
    return designation, _description(rng, focus, language)


def _focus(rng: np.random.Generator, code: int, language: str) -> list[str]:
    """The few words that a product is about."""
    shares = VAGUE_FOCUS if rng.random() < VAGUE_SHARE else CLEAR_FOCUS
    kinds = np.searchsorted(np.cumsum(shares)[:-1], rng.random(FOCUS_WORDS), "right").tolist()
    words = []
    for kind, which, name, draw in zip(kinds, *rng.random((3, FOCUS_WORDS)).tolist(), strict=True):
        if kind == 3:
            words.append(pick(trade_words(language), draw))
            continue
        sources = ((code,), confusable_with(code) or (code,), CODES)[kind]
        source = sources[int(which * len(sources))]
        words.append(pick(class_names(source) if name < NAME_SHARE else class_words(source, language), draw))
    return words


def _mixed(rng: np.random.Generator, count: int, shares: Sequence[float], focus: list[str], language: str) -> list[str]:
    """`count` words drawn from the five sources by their shares."""
    sources = (focus, function_words(language), trade_words(language), invented_words(), specifications())
    kinds = np.searchsorted(np.cumsum(shares)[:-1], rng.random(count), "right").tolist()
    return [pick(sources[kind], draw) for kind, draw in zip(kinds, rng.random(count).tolist(), strict=True)]


def _designation(rng: np.random.Generator, focus: list[str], language: str) -> str:
    count = int(np.clip(rng.lognormal(np.log(13), 0.42), 5, 40))
    # Most of the focus words are surely there: a short title still names its product.
    words = [*focus[:SURE_IN_TITLE], *_mixed(rng, count - SURE_IN_TITLE, TITLE_MIX, focus, language)]
    words = list(dict.fromkeys(words[place] for place in rng.permutation(len(words)).tolist()))
    if rng.random() < 0.3:
        words.insert(int(rng.integers(1, len(words) + 1)), "-")
    title, style = " ".join(words), rng.random()
    if style < 0.62:
        title = " ".join(word[:1].upper() + word[1:] for word in words)
    elif style < 0.67:
        title = title.upper()
    if rng.random() < 0.1:
        title = title.replace("'", "&#39;") + (" &amp; Co" if rng.random() < 0.3 else "")
    if len(title) > LONGEST_DESIGNATION:
        title = title[:LONGEST_DESIGNATION].rpartition(" ")[0]
    return title


def _description(rng: np.random.Generator, focus: list[str], language: str) -> str:
    characters = float(np.clip(rng.lognormal(np.log(520), 0.95), 20, 9_000))
    words = _mixed(rng, max(3, int(characters / CHARACTERS_A_WORD)), DESCRIPTION_MIX, focus, language)
    words = [words[0], *(word for previous, word in itertools.pairwise(words) if word != previous)]
    ends = np.cumsum(rng.integers(6, 23, size=len(words) // 6 + 1)).tolist()
    sentences = []
    for start, end in zip([0, *ends], ends, strict=False):
        if start < len(words):
            sentence = " ".join(words[start:end])
            sentences.append(sentence[:1].upper() + sentence[1:] + ".")
    return _marked_up(rng, _escaped(rng, sentences), language)


def _escaped(rng: np.random.Generator, sentences: list[str]) -> list[str]:
    """The sentences with the characters of one shop's export turned into entities, at times twice."""
    way = np.searchsorted(np.cumsum([share for share, _ in _ENTITIES])[:-1], rng.random(), "right")
    table = _ENTITIES[int(way)][1]
    if not table:
        return sentences
    escaped = [sentence.translate(table) for sentence in sentences]
    if rng.random() < 0.5:
        escaped = [sentence.replace(" ", "&nbsp;", 1) for sentence in escaped]
    if rng.random() < DOUBLE_ESCAPED_SHARE:
        escaped = [sentence.replace("&", "&amp;") for sentence in escaped]
    return escaped


def _marked_up(rng: np.random.Generator, sentences: list[str], language: str) -> str:
    """The sentences as one text: plain, with line breaks, in paragraphs, or as a list under a heading."""
    if rng.random() >= HTML_SHARE:
        return " ".join(sentences)
    way = rng.random()
    if way < 0.45:
        return ("<br>" if way < 0.2 else "<br />").join(sentences)
    if way < 0.75:
        return "".join(f"<p>{sentence}</p>" for sentence in sentences)
    items = "".join(f"<li>{sentence}</li>" for sentence in sentences[1:])
    return f"<p>{sentences[0]}</p><p><b>{_HEADINGS[language]}</b></p><ul>{items}</ul>"
