"""Where the words of a cloud stand: a layout that a page draws as text, sharp at any size and legible to machines.

Written here and not taken from the package `wordcloud`: with Pillow 13 its words overlap and leave the canvas (it
reserves the box of the ink and draws at the ascender), and it chooses places at random.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT = 480, 270
MAX_WORDS = 55
SMALLEST, LARGEST = 11, 60
# Places are looked for on a grid of this step.
STEP = 2
# Between words, in units of the cloud.
GAP = 4
# Sizes fall more slowly than weights: words differ by a factor of a hundred, legible letters by five.
POWER = 0.6
# A word without room is tried again a little smaller.
SHRINK = 0.88

Free = npt.NDArray[np.bool_]


class PlacedWord(NamedTuple):
    """One word of a cloud.

    Attributes:
        word: The word.
        x, y: Where its base line begins, in units of the cloud (`WIDTH` × `HEIGHT`).
        length: How long it is; the page stretches the word to it, whatever its font.
        size: Font size.
    """

    word: str
    x: float
    y: float
    length: float
    size: int


def lay_out(weights: Mapping[str, float]) -> list[PlacedWord]:
    """Place words so that none touches another, the heaviest first, largest and nearest to the middle.

    Args:
        weights: Word → how much of it there is.

    Returns:
        At most `MAX_WORDS`, fewer where room or words end; the same for the same weights.
    """
    from PIL import ImageFont

    ordered = sorted(
        ((word, weight) for word, weight in weights.items() if weight > 0), key=lambda pair: (-pair[1], pair[0])
    )
    free: Free = np.ones((HEIGHT // STEP, WIDTH // STEP), bool)
    placed: list[PlacedWord] = []
    for word, weight in ordered[:MAX_WORDS]:
        size = max(round(LARGEST * (weight / ordered[0][1]) ** POWER), SMALLEST)
        while size >= SMALLEST:
            font = ImageFont.truetype(str(_font()), size)
            left, top, right, bottom = font.getbbox(word, anchor="ls")
            width, height = math.ceil((right - left + GAP) / STEP), math.ceil((bottom - top + GAP) / STEP)
            corner = _room(free, width, height)
            if corner is not None:
                row, column = corner
                free[row : row + height, column : column + width] = False
                x, y = column * STEP + GAP / 2 - left, row * STEP + GAP / 2 - top
                placed.append(PlacedWord(word, float(x), float(y), float(font.getlength(word)), size))
                break
            size = int(size * SHRINK)
    return placed


def _room(free: Free, width: int, height: int) -> tuple[int, int] | None:
    """Row and column, on the grid, of the free box of this size that is nearest to the middle; None: no room."""
    rows_of_all, columns_of_all = free.shape
    if width > columns_of_all or height > rows_of_all:
        return None
    taken = np.zeros((rows_of_all + 1, columns_of_all + 1), np.int32)
    taken[1:, 1:] = (~free).cumsum(axis=0).cumsum(axis=1)
    inside = taken[height:, width:] - taken[:-height, width:] - taken[height:, :-width] + taken[:-height, :-width]
    rows, columns = np.nonzero(inside == 0)
    if not len(rows):
        return None
    # An ellipse as wide as the cloud.
    away = ((rows + height / 2) / rows_of_all - 0.5) ** 2 + ((columns + width / 2) / columns_of_all - 0.5) ** 2
    nearest = int(away.argmin())
    return int(rows[nearest]), int(columns[nearest])


def _font() -> Path:
    """A sans serif that comes with Matplotlib: about as wide as those of the page."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
