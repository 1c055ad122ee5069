"""What the page draws of products, texts and words: figures of the stages as positions on axes."""

from typing import Any

import numpy as np
import pandas as pd

from rakuten.catalogue.classes import CODES, LABELS
from rakuten.exploration.clouds import HEIGHT, WIDTH
from rakuten.exploration.products import (
    CLASSES_FILE,
    LANGUAGES_FILE,
    LENGTH_BINS_FILE,
    LENGTHS_FILE,
    MISSING_FILE,
    REJECTED_COUNTS_FILE,
    RESIDUE_SHARES_FILE,
    TEXT_COLUMNS,
    UNITS,
)
from rakuten.exploration.scales import LinearScale, LogScale, nice_end
from rakuten.exploration.texts import LANGUAGES, RESIDUE_FILE, UNKNOWN
from rakuten.exploration.words import CLOUDS_FILE, TELLING_FROM, VOCABULARIES_FILE, WORDS_FILE
from rakuten.outputs import StageOutput
from rakuten.pages.tables import records

LANGUAGE_NAMES = {"fr": "French", "en": "English", "de": "German", UNKNOWN: "not told"}
COLUMN_NAMES = {"designation": "Title", "description": "Description", "text": "Title and description"}
TELLING_SHOWN = 10
NAMED_IN_ALT = 8
PAIRS_SHOWN = 12
PIECES_SHOWN = 10
# Of the matrix of classes, in units of its drawing.
CELL, CELL_MARGIN = 18, 42

Rows = list[dict[str, Any]]


def read(output: StageOutput, name: str) -> Rows:
    """Rows of one of an output's tables; none where the output has no such table. Missing values are None."""
    if not (output.folder / name).is_file():
        return []
    frame = pd.read_parquet(output.file(name))
    return records(frame.astype(object).where(frame.notna(), None))


def classes(described: StageOutput) -> dict[str, Any]:
    """Classes by size, and by share of missing descriptions."""
    rows = read(described, CLASSES_FILE)
    if not rows:
        return {"classes": [], "missing_by_class": []}
    scale = LinearScale(0, max(max(row["share"], row["published_share"]) for row in rows))
    for row in rows:
        row |= {"bar": scale(row["share"]), "tick": scale(row["published_share"])}
        row |= {end: 100 * row[f"missing_{end}"] for end in ("low", "high")}
    present = [row for row in rows if row["products"]]
    return {
        "classes": sorted(rows, key=lambda row: -row["products"]),
        "missing_by_class": sorted(present, key=lambda row: -row["missing_share"]),
        "missing_overall": sum(row["without_description"] for row in rows) / sum(row["products"] for row in rows),
    }


def missing(described: StageOutput) -> dict[str, Any]:
    """What is missing, by part and column; and records that could not be read."""
    rows = [row for row in read(described, MISSING_FILE) if row["missing"] or row["column"] == "description"]
    return {"missing": rows, "rejected": read(described, REJECTED_COUNTS_FILE)}


def lengths(described: StageOutput) -> dict[str, Any]:
    """Histograms of lengths, and their quantiles by class."""
    bins = pd.DataFrame(read(described, LENGTH_BINS_FILE))
    rows = pd.DataFrame(read(described, LENGTHS_FILE))
    overall = records(rows[rows["prdtypecode"].isna()])
    charts = {
        unit: [
            _length_histogram(column, unit, bins[(bins["column"] == column) & (bins["unit"] == unit)], figures)
            for column in TEXT_COLUMNS
            for figures in overall
            if (figures["column"], figures["unit"]) == (column, unit)
        ]
        for unit in UNITS
    }
    words = rows[(rows["unit"] == "words") & rows["prdtypecode"].notna()]
    by_class = {column: _strips(words[words["column"] == column]) for column in TEXT_COLUMNS}
    # A chart of titles alone would be the chart of texts once more.
    if not by_class["description"]:
        by_class.pop("description"), by_class.pop("text")
    return {
        "length_charts": charts,
        "length_strips": {COLUMN_NAMES[name]: found for name, found in by_class.items() if found},
    }


def languages(described: StageOutput) -> dict[str, Any]:
    """Shares of languages, in all and by class, most French first."""
    rows = pd.DataFrame(read(described, LANGUAGES_FILE))
    names = [*LANGUAGES, UNKNOWN]
    found = []
    for code, group in rows.groupby(rows["prdtypecode"].astype("Int64"), dropna=False, sort=False):
        shares = group.set_index("language")["share"].reindex(names).tolist()
        found.append({"prdtypecode": code, "shares": shares})
    return {
        "language_names": [LANGUAGE_NAMES[name] for name in names],
        "languages": found[0]["shares"],
        "languages_by_class": sorted(found[1:], key=lambda row: -row["shares"][0]),
    }


def residue(described: StageOutput, texts: StageOutput) -> dict[str, Any]:
    """Shares of texts with residue, and its most frequent pieces."""
    shares = read(described, RESIDUE_SHARES_FILE)
    pieces = pd.DataFrame(read(texts, RESIDUE_FILE), columns=["column", "kind", "what", "products", "occurrences"])
    top = records(pieces.groupby(["column", "kind"], sort=False).head(PIECES_SHOWN))
    scale = LinearScale(0, nice_end(max((row["share"] for row in shares), default=0)))
    names = {"designation": "title", "description": "description"}
    return {
        "residue": [row | {"bar": scale(row["share"]), "name": names[row["column"]]} for row in shares],
        "residue_end": scale.high,
        "residue_pieces": [row | {"name": names[row["column"]]} for row in top],
    }


def words(output: StageOutput) -> dict[str, Any]:
    """The cloud of all words, and of each class its cloud and most telling words."""
    table, placed = pd.DataFrame(read(output, WORDS_FILE)), pd.DataFrame(read(output, CLOUDS_FILE))
    if table.empty:
        return {"cloud": None, "class_words": []}
    cards = []
    for code in (None, *CODES):
        is_here = table["prdtypecode"].isna() if code is None else table["prdtypecode"] == code
        here = table[is_here]
        if here.empty:
            continue
        spots = placed[placed["prdtypecode"].isna() if code is None else placed["prdtypecode"] == code]
        top = here.head(NAMED_IN_ALT)["word"].tolist()
        telling = here[here["score"].astype(float) > TELLING_FROM].sort_values("score", ascending=False)
        cards.append(
            {
                "prdtypecode": code,
                "words": records(spots),
                "alt": f"Most frequent words of {'all products' if code is None else LABELS[code]}: {', '.join(top)}",
                "telling": records(telling.head(TELLING_SHOWN)),
            }
        )
    return {"cloud": cards[0], "class_words": cards[1:], "cloud_width": WIDTH, "cloud_height": HEIGHT}


def alike(output: StageOutput) -> dict[str, Any]:
    """Pairs of classes with like vocabularies, the report's among them, and all of them as a matrix."""
    pairs = read(output, VOCABULARIES_FILE)
    if not pairs:
        return {"pairs": [], "pair_count": 0, "alike_matrix": None}
    shown = [row for row in pairs if row["rank"] <= PAIRS_SHOWN or row["reported"]]
    return {"pairs": shown, "pair_count": len(pairs), "alike_matrix": _matrix(pairs)}


def _matrix(pairs: Rows) -> dict[str, Any]:
    codes = sorted({row[end] for row in pairs for end in ("prdtypecode", "other")})
    found = [row["similarity"] or 0 for row in pairs]
    scale = LinearScale(min(found), max(found))
    places = {code: CELL_MARGIN + place * CELL for place, code in enumerate(codes)}
    cells = [
        {
            "x": places[one],
            "y": places[other],
            "strength": round(0.03 + 0.97 * scale(row["similarity"] or 0) / 100, 2),
            "is_marked": row["reported"],
            "title": f"{one} {LABELS[one]} – {other} {LABELS[other]}: {row['similarity'] or 0:.2f}",
        }
        for row in pairs
        for one, other in ((row["prdtypecode"], row["other"]), (row["other"], row["prdtypecode"]))
    ]
    most = pairs[0]
    alt = (
        f"Matrix of how alike the vocabularies of {len(codes)} classes are; the most alike are "
        f"{LABELS[most['prdtypecode']]} and {LABELS[most['other']]}. The table beside it names the closest pairs."
    )
    labels = [{"text": str(code), "at": place + CELL * 0.7} for code, place in places.items()]
    side = CELL_MARGIN + len(codes) * CELL
    return {"cells": cells, "labels": labels, "side": side, "margin": CELL_MARGIN, "cell": CELL, "alt": alt}


def _length_histogram(column: str, unit: str, bins: pd.DataFrame, figures: dict[str, Any]) -> dict[str, Any]:
    scale = LogScale(1, float(bins["high"].max()))
    # Bins of whole numbers are not all equally wide on the axis; areas are what the eye compares.
    widths = np.log(bins["high"].to_numpy(float) / bins["low"].to_numpy(float))
    density = bins["products"].to_numpy(float) / widths
    heights = 100 * density / density.max()
    drawn = [
        {
            "left": scale(low),
            "width": round(max(scale(high) - scale(low) - 0.25, 0.2), 2),
            "height": round(float(height), 2),
            "title": f"{int(low)} to {int(high) - 1} {unit}: {int(count):,} products",
        }
        for low, high, count, height in zip(bins["low"], bins["high"], bins["products"], heights, strict=True)
    ]
    median = float(figures["median"])
    alt = (
        f"Histogram of {unit} of the {COLUMN_NAMES[column].lower()}: half of the products have between "
        f"{figures['p25']:,.0f} and {figures['p75']:,.0f}, the median is {median:,.0f}, "
        f"the longest {figures['longest']:,.0f}."
    )
    facts = {name: float(figures[name]) for name in ("mean", "median", "p5", "p95", "longest")}
    return {
        "name": COLUMN_NAMES[column],
        "unit": unit,
        "alt": alt,
        "bins": drawn,
        "ticks": scale.ticks(),
        "median": scale(median),
        "products": int(figures["products"]),
        "figures": facts,
    }


def _strips(rows: pd.DataFrame) -> dict[str, Any] | None:
    if rows.empty:
        return None
    scale = LogScale(max(rows["p5"].astype(float).min(), 1), max(rows["p95"].astype(float).max(), 2))
    strips = [
        {
            "prdtypecode": int(row["prdtypecode"]),
            "median": row["median"],
            "p95": row["p95"],
            "positions": {name: scale(float(row[name])) for name in ("p5", "p25", "median", "p75", "p95")},
        }
        for row in records(rows)
    ]
    return {"rows": sorted(strips, key=lambda row: -row["median"]), "ticks": scale.ticks()}
