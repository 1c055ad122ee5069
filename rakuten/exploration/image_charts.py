"""What the page draws of photos, repeats and shifts: figures of the stages as positions on axes, photos as URLs."""

from typing import Any

import numpy as np
import pandas as pd

from rakuten.catalogue.classes import CODES
from rakuten.exploration.comparison import CELLS_FILE, CHANGES_FILE, MOVED_WORDS_FILE, SHIFTS_FILE
from rakuten.exploration.images import (
    ALL,
    BINS_FILE,
    FILES_FILE,
    GROUNDS_FILE,
    MEANS_FOLDER,
    MEASURES_FILE,
    STATES_FILE,
)
from rakuten.exploration.repeats import REPEATS_FILE, REVIEW_FILE
from rakuten.exploration.samples import PHOTOS_A_GROUP, PHOTOS_FOLDER, SHEETS_FOLDER, shown_groups
from rakuten.exploration.scales import LinearScale, LogScale, Tick, short
from rakuten.exploration.text_charts import Rows, read
from rakuten.outputs import StageOutput
from rakuten.pages.page import picture
from rakuten.pages.tables import records
from rakuten.statistics.population_shift import TOO_FEW

FILES_SHOWN = 8
WORDS_SHOWN = 12
# Times its threshold up to which a shift is drawn; what is larger ends at the edge.
SHIFT_END = 3.0


def images(described: StageOutput | None) -> dict[str, Any]:
    """Files, histograms and grounds of photos, and mean photos."""
    if described is None or not described.facts["usable"]:
        return {"images": None}
    grounds = read(described, GROUNDS_FILE)
    for row in grounds:
        row |= {f"{name}_at": round(100 * row[f"white_{name}"], 2) for name in ("share", "low", "high")}
    means = {
        code: picture(path)
        for code in (ALL, *map(str, CODES))
        if (path := described.folder / MEANS_FOLDER / f"{code}.png").is_file()
    }
    bins = pd.DataFrame(read(described, BINS_FILE))
    return {
        "images": described.facts,
        "image_states": read(described, STATES_FILE),
        "image_files": read(described, FILES_FILE)[:FILES_SHOWN],
        "image_kinds": len(read(described, FILES_FILE)),
        "image_measures": {row["measure"]: row for row in read(described, MEASURES_FILE)},
        "image_charts": [_bytes_chart(bins), _gain_chart(bins)],
        "grounds": sorted(grounds[1:], key=lambda row: -row["white_share"]),
        "ground": grounds[0],
        "means": means,
    }


def sheets(samples: StageOutput | None) -> dict[str, Any]:
    """Contact sheets by class."""
    if samples is None:
        return {"sheets": {}}
    paths = sorted((samples.folder / SHEETS_FOLDER).glob("*.webp"), key=lambda path: path.stem.zfill(8))
    return {"sheets": {path.stem: picture(path) for path in paths}}


def repeats(output: StageOutput, samples: StageOutput | None) -> dict[str, Any]:
    """What stands more than once, and what is to be reviewed, with photos."""
    review = pd.read_parquet(output.file(REVIEW_FILE))
    groups: dict[str, Rows] = {}
    for row in records(shown_groups(review)):
        photos = [digest for digest in row["image_digests"] if digest is not None][:PHOTOS_A_GROUP]
        groups.setdefault(str(row["kind"]), []).append(
            {
                "products": row["products"],
                "codes": sorted({int(code) for code in row["prdtypecodes"]}),
                "productids": [int(productid) for productid in row["productids"]],
                "photos": _photos(samples, list(dict.fromkeys(photos))),
            }
        )
    return {
        "repeats": read(output, REPEATS_FILE),
        "review": groups,
        "review_counts": {str(kind): int(count) for kind, count in review["kind"].value_counts().items()},
    }


def shifts(output: StageOutput | None) -> dict[str, Any] | None:
    """How two sets of products differ."""
    if output is None:
        return None
    rows = read(output, SHIFTS_FILE)
    scale = LinearScale(0, SHIFT_END)
    for row in rows:
        row["at"] = scale(row["psi"] / row["threshold"])
        row["chance_at"] = scale(row["chance"] / row["threshold"])
    order = {verdict: place for place, verdict in enumerate(("large", "moderate", "slight", TOO_FEW, "none"))}
    cells = pd.DataFrame(read(output, CELLS_FILE), columns=["measure", "cell", "before", "after"])
    moved = pd.DataFrame(read(output, MOVED_WORDS_FILE), columns=["word", "before", "after", "score"])
    scores = moved["score"].astype(float)
    return {
        "rows": sorted(rows, key=lambda row: (order[row["verdict"]], -row["psi"] / row["threshold"])),
        "threshold_at": scale(1),
        "classes": _class_cells(cells[cells["measure"] == "class"]),
        "cells": {str(name): records(group) for name, group in cells.groupby("measure", sort=False)},
        "risen": records(moved[scores > 0].head(WORDS_SHOWN)),
        "fallen": records(moved[scores < 0].head(WORDS_SHOWN)),
        "changes": _changes(output),
        "facts": output.facts,
    }


def _changes(output: StageOutput) -> dict[str, int]:
    """How often each field changed."""
    if not (output.folder / CHANGES_FILE).is_file():
        return {}
    what = pd.read_parquet(output.file(CHANGES_FILE), columns=["what"])["what"]
    return {str(name): int(count) for name, count in what[what != ""].str.split(", ").explode().value_counts().items()}


def _class_cells(cells: pd.DataFrame) -> Rows:
    if cells.empty:
        return []
    scale = LinearScale(0, float(cells[["before", "after"]].to_numpy(float).max()))
    rows = [
        {**row, "code": int(row["cell"].partition(" ")[0]), "from": scale(row["before"]), "to": scale(row["after"])}
        for row in records(cells)
    ]
    return sorted(rows, key=lambda row: -abs(row["after"] - row["before"]))


def _bytes_chart(bins: pd.DataFrame) -> dict[str, Any]:
    rows = bins[bins["measure"] == "bytes"]
    held = np.flatnonzero(rows["products"].to_numpy(int))
    rows = rows.iloc[held[0] : held[-1] + 1]
    scale = LogScale(float(rows["low"].iloc[0]), float(rows["high"].iloc[-1]))
    ticks = [
        Tick(tick.at, f"{tick.text.removesuffix('k')} kB" if tick.text.endswith("k") else tick.text)
        for tick in scale.ticks()
    ]
    return _chart("Size of the file", rows, [scale(edge) for edge in (*rows["low"], rows["high"].iloc[-1])], ticks)


def _gain_chart(bins: pd.DataFrame) -> dict[str, Any]:
    rows = bins[bins["measure"] == "crop_gain"]
    # Equal steps, since the bins are those a person would ask for; the last one is open.
    edges = np.linspace(0, 100, len(rows) + 1).round(2).tolist()
    ticks = [Tick(at, f"×{short(low)}") for at, low in zip(edges, rows["low"], strict=False)]
    return _chart("How much larger a crop would show the product", rows, edges, ticks)


def _chart(name: str, rows: pd.DataFrame, edges: list[float], ticks: list[Tick]) -> dict[str, Any]:
    most = max(int(rows["products"].max()), 1)
    drawn = [
        {
            "left": left,
            "width": round(max(right - left - 0.4, 0.2), 2),
            "height": round(100 * int(count) / most, 2),
            "title": f"{short(low)} to {short(high)}: {int(count):,} products",
        }
        for left, right, low, high, count in zip(
            edges[:-1], edges[1:], rows["low"], rows["high"], rows["products"], strict=True
        )
    ]
    top = rows.iloc[int(rows["products"].to_numpy(int).argmax())]
    where = f"between {short(top['low'])} and {short(top['high'])}"
    alt = f"Histogram: {name.lower()}; most products, {int(top['products']):,}, lie {where}."
    return {"name": name, "alt": alt, "bins": drawn, "ticks": ticks, "median": None}


def _photos(samples: StageOutput | None, digests: list[str]) -> list[str]:
    if samples is None:
        return []
    paths = [samples.folder / PHOTOS_FOLDER / f"{digest}.webp" for digest in digests]
    return [picture(path) for path in paths if path.is_file()]
