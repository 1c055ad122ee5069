"""The stages that compare: a dump with an earlier one, and the two parts of one dump."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.exploration.profile import PROFILE_SCHEMA, read_profile
from rakuten.exploration.shifts import VOCABULARY, Compared, compare, compare_words
from rakuten.outputs import StageOutput
from rakuten.stages import stage
from rakuten.statistics.population_shift import Shift

SHIFTS_FILE = "shifts.parquet"
CELLS_FILE = "cells.parquet"
MOVED_WORDS_FILE = "moved_words.parquet"
CHANGES_FILE = "changes.parquet"

# What makes a product of the same id another one, and what to call it.
CONTENT = {
    "designation_digest": "title",
    "description_digest": "description",
    "prdtypecode": "label",
    "image_digest": "image",
}


@stage(version=2, libraries=("numpy", "scipy"))
def compare_profiles(out: Path, before: StageOutput, after: StageOutput) -> dict[str, Any]:
    """Compare a dump with an earlier one: what came, went and changed, and which shares shifted.

    All products of both parts are compared; labels where there are any.

    Args:
        out: Work folder.
        before: `profile_products` of the earlier dump.
        after: `profile_products` of the dump.

    Returns:
        Numbers of products new, gone, changed and unchanged, and of shifts that matter.

    Output:
        changes.parquet: productid, change ("new", "gone", "changed"), what (of `CONTENT`, where changed).
        shifts.parquet: a row a measure: measure, subject, means, psi, js_distance, chance, threshold, verdict, matters
            (see `Shift`), before, after (products compared), typical_before, typical_after (see `Compared`).
        cells.parquet: measure, cell, before, after: the shares that were compared.
        moved_words.parquet: word, before, after (shares of products), score: see `compare_words`.
    """
    old, new = read_profile(before, PROFILE_SCHEMA.names), read_profile(after, PROFILE_SCHEMA.names)
    changes = find_changes(old, new)
    changes.to_parquet(out / CHANGES_FILE, index=False)
    moved = changes.loc[changes["change"] != "new", "productid"]
    unchanged = np.setdiff1d(old["productid"].to_numpy(np.int64), moved.to_numpy(np.int64))
    counts = {change: int((changes["change"] == change).sum()) for change in ("new", "gone", "changed")}
    return counts | {"unchanged": len(unchanged)} | _write(out, old, new, unchanged)


@stage(version=2, libraries=("numpy", "scipy"))
def compare_parts(out: Path, profile: StageOutput) -> dict[str, Any]:
    """Compare the part that is to be predicted with the part that may be learnt from.

    Args:
        out: Work folder.
        profile: `profile_products` of a dump that has both parts.

    Returns:
        Number of shifts that matter.

    Output:
        shifts.parquet, cells.parquet, moved_words.parquet: as of `compare_profiles`, before: train, after: test.
    """
    frame = read_profile(profile, PROFILE_SCHEMA.names)
    is_train = frame["part"] == "train"
    return _write(out, frame[is_train], frame[~is_train], np.array([], np.int64))


def find_changes(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Products that came, went, or stand there with other content.

    Args:
        old, new: productid and the columns of `CONTENT`.

    Returns:
        productid, change, what; sorted by change and productid.
    """
    columns = ["productid", *CONTENT]
    joined = old[columns].merge(new[columns], on="productid", how="outer", suffixes=("_old", "_new"), indicator=True)
    differs = {
        name: _differ(joined[f"{column}_old"], joined[f"{column}_new"]) & (joined["_merge"] == "both")
        for column, name in CONTENT.items()
    }
    flags = zip(*differs.values(), strict=True)
    joined["what"] = [", ".join(name for name, is_other in zip(differs, row, strict=True) if is_other) for row in flags]
    sides = joined["_merge"].astype(str).map({"left_only": "gone", "right_only": "new"})
    joined["change"] = sides.where(joined["_merge"] != "both", "changed")
    kept = joined[(joined["_merge"] != "both") | (joined["what"] != "")]
    return kept.sort_values(["change", "productid"], ignore_index=True)[["productid", "change", "what"]]


def _differ(old: "pd.Series[Any]", new: "pd.Series[Any]") -> "pd.Series[bool]":
    one, other = old.astype("string"), new.astype("string")
    return (one.fillna("") != other.fillna("")).astype(bool)


def _write(out: Path, old: pd.DataFrame, new: pd.DataFrame, unchanged: npt.NDArray[np.int64]) -> dict[str, Any]:
    compared = list(compare(old, new, unchanged))
    rows = [shift_row(*_names(found), found.shift, found.typical) for found in compared]
    words = compare_words(old, new, unchanged)
    moved = pd.DataFrame(columns=["word", "before", "after", "score"])
    if words is not None:
        shift, moved = words
        rows.append(shift_row(VOCABULARY, "texts", "words of title and description", shift))
    shifts = pd.DataFrame(rows)
    shifts.to_parquet(out / SHIFTS_FILE, index=False)
    moved.to_parquet(out / MOVED_WORDS_FILE, index=False)
    cells = [
        {"measure": found.measure.name, "cell": cell, "before": before, "after": after}
        for found in compared
        for cell, before, after in zip(found.cells, found.before, found.after, strict=True)
    ]
    pd.DataFrame(cells).to_parquet(out / CELLS_FILE, index=False)
    return {"measures": len(shifts), "shifts_that_matter": int(shifts["matters"].sum())}


def shift_row(
    measure: str, subject: str, means: str, shift: Shift, typical: tuple[float, float] | None = None
) -> dict[str, Any]:
    """A row of shifts.parquet, see `compare_profiles`."""
    before, after = typical or (None, None)
    return {
        "measure": measure,
        "subject": subject,
        "means": means,
        "psi": shift.psi,
        "js_distance": shift.js_distance,
        "chance": shift.chance,
        "threshold": shift.threshold,
        "verdict": shift.verdict,
        "matters": shift.matters,
        "before": shift.before,
        "after": shift.after,
        "typical_before": before,
        "typical_after": after,
    }


def _names(found: Compared) -> tuple[str, str, str]:
    return found.measure.name, found.measure.subject, found.measure.means
