"""Measures by which two sets of products are compared: nothing that changed completely goes unmeasured."""

from typing import Any

import numpy as np
import pandas as pd

from rakuten.exploration.shifts import OTHER, Compared, compare
from rakuten.statistics.population_shift import TOO_FEW


def profiles(rows: int = 60, first_id: int = 1, **columns: Any) -> pd.DataFrame:
    """Profiles of products that are alike."""
    each = np.arange(rows)
    frame = pd.DataFrame(
        {
            "productid": each + first_id,
            "prdtypecode": np.where(each % 2, 10, 40),
            "language": np.where(each % 3, "fr", "en"),
            "designation_words": each % 7,
            "designation_characters": each % 50,
            "description_words": (each % 9).astype(float),
            "image_state": "usable",
            "progressive": each % 2 == 0,
        }
    )
    frame["description_residue"] = [frozenset()] * rows
    for number in ("bytes", "width", "height", "rim_white", "crop_gain", "brightness", "saturation"):
        frame[number] = each % 11
    return frame.assign(**columns)


def compared(old: pd.DataFrame, new: pd.DataFrame, unchanged: tuple[int, ...] = ()) -> dict[str, Compared]:
    return {found.measure.name: found for found in compare(old, new, np.array(unchanged, np.int64))}


def verdicts(found: dict[str, Compared]) -> dict[str, str]:
    return {name: one.shift.verdict for name, one in found.items()}


def test_alike_products_have_not_shifted() -> None:
    assert set(verdicts(compared(profiles(), profiles(first_id=100))).values()) == {"none"}


def test_a_dump_that_lost_all_of_its_images_is_seen() -> None:
    without = dict.fromkeys(("bytes", "width", "height", "rim_white", "crop_gain", "brightness"), np.nan)
    lost = profiles(first_id=100, image_state="no images", progressive=None, saturation=np.nan, **without)
    found = compared(profiles(), lost)
    assert found["usable image"].shift.verdict == "large"
    assert found["usable image"].typical == (1.0, 0.0)
    assert "brightness" not in found, "no value to compare; that there is none is told by the usable images"


def test_dumps_that_both_have_no_image_have_not_shifted() -> None:
    texts = profiles(image_state="no images")
    assert verdicts(compared(texts, texts))["usable image"] == "none"


def test_categories_outside_the_known_ones_are_a_cell_of_their_own() -> None:
    found = compared(profiles(), profiles(first_id=100, language="tlh"))["language"]
    assert found.cells[-1] == OTHER
    assert (found.before[-1], found.after[-1]) == (0.0, 1.0)
    assert found.shift.verdict == "large"


def test_five_products_are_too_few_to_tell() -> None:
    few = verdicts(compared(profiles(5), profiles(5, first_id=100, brightness=500)))
    assert set(few.values()) == {TOO_FEW}


def test_products_that_are_all_in_both_dumps_have_not_shifted_however_few() -> None:
    frame = profiles(3)
    assert set(verdicts(compared(frame, frame, unchanged=(1, 2, 3))).values()) == {"none"}


def test_an_image_that_could_be_read_in_one_dump_only_is_no_error() -> None:
    frame = profiles()
    damaged = frame.assign(brightness=frame["brightness"].astype(float).where(frame["productid"] > 10))
    assert verdicts(compared(frame, damaged, unchanged=tuple(frame["productid"])))["brightness"] in ("none", "slight")
