"""Measuring how two sets of products differ: what is measured, on which products, and in which words to tell it."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.catalogue.classes import CODES, LABELS
from rakuten.exploration.texts import LANGUAGES, UNKNOWN
from rakuten.statistics.population_shift import (
    Integers,
    Shift,
    count_cells,
    quantile_edges,
    shift_of_counts,
    shift_of_documents,
)
from rakuten.text.distinctive_words import log_odds, word_matrix

VOCABULARY = "vocabulary"
MAX_WORDS = 3_000
FEWEST_PRODUCTS = 3
WORDS_KEPT = 20

Values = Callable[[pd.DataFrame], "pd.Series[Any]"]


@dataclass(frozen=True)
class Measure:
    """One thing by which products are compared.

    Attributes:
        name: Short and constant.
        subject: "labels", "texts" or "images".
        means: What it is, for people.
        values: A product's cell (categories) or number; null: not counted.
        cells: Categories in order, and what to call them; None: a number, cut into cells by quantiles.
    """

    name: str
    subject: str
    means: str
    values: Values
    cells: dict[Any, str] | None = None


_YES = {True: "yes", False: "no"}
# What falls into none of a measure's cells.
OTHER = "other"


def _column(name: str) -> Values:
    return lambda frame: frame[name]


def _has_residue(kind: str) -> Values:
    def values(frame: pd.DataFrame) -> "pd.Series[Any]":
        found = frame["description_residue"].map(lambda kinds: kind in kinds)
        return found.where(frame["description_words"].notna(), None)

    return values


def _usable(frame: pd.DataFrame) -> "pd.Series[Any]":
    # A dump without any image counts as well: one that has lost all of them would be compared by nothing else.
    return frame["image_state"] == "usable"


MEASURES = (
    Measure("class", "labels", "class", _column("prdtypecode"), {code: f"{code} {LABELS[code]}" for code in CODES}),
    Measure("has description", "texts", "has a description", lambda frame: frame["description_words"].notna(), _YES),
    Measure("language", "texts", "language", _column("language"), {name: name for name in (*LANGUAGES, UNKNOWN)}),
    Measure("designation words", "texts", "words of the title", _column("designation_words")),
    Measure("designation characters", "texts", "characters of the title", _column("designation_characters")),
    Measure("description words", "texts", "words of the description", _column("description_words")),
    Measure("description tags", "texts", "description holds HTML tags", _has_residue("tag"), _YES),
    Measure("description entities", "texts", "description holds entities", _has_residue("entity"), _YES),
    Measure("usable image", "images", "has a usable image", _usable, _YES),
    Measure("image bytes", "images", "size of the image file, bytes", _column("bytes")),
    Measure("image sides", "images", "longer side of the image, pixels", lambda f: f[["width", "height"]].max(axis=1)),
    Measure("progressive", "images", "progressive JPEG", _column("progressive"), _YES),
    Measure("rim white", "images", "white share of the rim of the image", _column("rim_white")),
    Measure("crop gain", "images", "how much larger a crop would show the product", _column("crop_gain")),
    Measure("brightness", "images", "brightness of the image", _column("brightness")),
    Measure("saturation", "images", "saturation of the image", _column("saturation")),
)


@dataclass(frozen=True)
class Compared:
    """A measure's shift and what it was made of.

    Attributes:
        measure: What was compared.
        shift: By how much it differs.
        cells: What the cells are called.
        before, after: Share of each cell.
        typical: Median (numbers) or share of the first cell (yes or no) before and after; None: neither.
    """

    measure: Measure
    shift: Shift
    cells: tuple[str, ...]
    before: npt.NDArray[np.float64]
    after: npt.NDArray[np.float64]
    typical: tuple[float, float] | None


def compare(old: pd.DataFrame, new: pd.DataFrame, unchanged: npt.NDArray[np.int64]) -> Iterator[Compared]:
    """Compare two sets of products by every measure that both have values of.

    Args:
        old, new: Profiles, see `profile_products`.
        unchanged: productids that stand in both with the same content.
    """
    for measure in MEASURES:
        before, after = measure.values(old), measure.values(new)
        shared = before[old["productid"].isin(unchanged)].dropna()
        before, after = before.dropna(), after.dropna()
        if len(before) and len(after):
            compared = _categories if measure.cells else _numbers
            yield compared(measure, before, after, shared)


def compare_words(
    old: pd.DataFrame, new: pd.DataFrame, unchanged: npt.NDArray[np.int64]
) -> tuple[Shift, pd.DataFrame] | None:
    """Compare the vocabularies of two sets of products.

    Args:
        old, new: productid and words, as `profile_texts` made them.
        unchanged: As for `compare`.

    Returns:
        The shift, and the words that became more or less frequent: word, before and after (share of products), score
        (`log_odds`, positive: more frequent now), strongest first; None where either has no words.
    """
    kept = old["productid"].isin(unchanged).to_numpy()
    added = new[~new["productid"].isin(unchanged)]
    texts = [*old["words"], *added["words"]]
    in_before = np.arange(len(texts)) < len(old)
    in_after = np.concatenate([kept, np.ones(len(added), bool)])
    matrix, words = word_matrix(texts, fewest_products=min(FEWEST_PRODUCTS, 1 + len(texts) // 500), max_words=MAX_WORDS)
    counts = np.stack([np.asarray(matrix[rows].sum(axis=0), np.float64).ravel() for rows in (in_before, in_after)])
    if not counts.sum(axis=1).all():
        return None
    scores = log_odds(counts)[1]
    shares = counts / np.array([[max(in_before.sum(), 1)], [max(in_after.sum(), 1)]])
    table = pd.DataFrame({"word": words, "before": shares[0], "after": shares[1], "score": scores})
    risen = table.nlargest(WORDS_KEPT, "score")
    fallen = table.nsmallest(WORDS_KEPT, "score")
    moved = pd.concat([risen[risen["score"] > 0], fallen[fallen["score"] < 0]], ignore_index=True)
    return shift_of_documents(matrix, in_before, in_after), moved


def _categories(
    measure: Measure, before: "pd.Series[Any]", after: "pd.Series[Any]", shared: "pd.Series[Any]"
) -> Compared:
    assert measure.cells is not None
    cells = dict(measure.cells)
    if not pd.concat([before, after]).isin(list(cells)).all():
        cells[OTHER] = OTHER
    old, new, both = (_count(values, cells) for values in (before, after, shared))
    shares = [count / count.sum() for count in (old, new)]
    typical = (float(shares[0][0]), float(shares[1][0])) if measure.cells is _YES else None
    shift = shift_of_counts(old, new, shared=_in_both(old, new, both))
    return Compared(measure, shift, tuple(cells.values()), shares[0], shares[1], typical)


def _count(values: "pd.Series[Any]", cells: dict[Any, str]) -> Integers:
    """How many values fall into each cell; all that no other cell takes into `OTHER`, the last one."""
    counts = np.array([(values == cell).sum() for cell in cells], np.int64)
    if OTHER in cells:
        counts[-1] = len(values) - counts[:-1].sum()
    return counts


def _numbers(measure: Measure, before: "pd.Series[Any]", after: "pd.Series[Any]", shared: "pd.Series[Any]") -> Compared:
    samples = [values.to_numpy(np.float64) for values in (before, after, shared)]
    edges = quantile_edges(np.concatenate(samples[:2]))
    old, new, both = (count_cells(values, edges) for values in samples)
    shares = [count / count.sum() for count in (old, new)]
    typical = float(np.median(samples[0])), float(np.median(samples[1]))
    shift = shift_of_counts(old, new, shared=_in_both(old, new, both), ordered=True)
    return Compared(measure, shift, _cell_names(edges), shares[0], shares[1], typical)


def _in_both(before: Integers, after: Integers, unchanged: Integers) -> Integers:
    """Unchanged products by cell; one whose image could be read in one dump only is in a cell of one of them."""
    return np.minimum(unchanged, np.minimum(before, after))


def _cell_names(edges: Sequence[float] | npt.NDArray[np.float64]) -> tuple[str, ...]:
    if not len(edges):
        return ("all",)
    names = [f"{edge:,.4g}" for edge in edges]
    between = [f"{low} to {high}" for low, high in itertools.pairwise(names)]
    return (f"below {names[0]}", *between, f"{names[-1]} and more")
