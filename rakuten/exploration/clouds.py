"""Where the words of a cloud stand: a layout that a page draws as text, sharp at any size and legible to machines."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

WIDTH, HEIGHT = 480, 270
MAX_WORDS = 55
SMALLEST, LARGEST = 10, 58
MARGIN = 3
SEED = 0


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
    """Place words so that none touches another, the heaviest first and largest.

    Args:
        weights: Word → how much of it there is; not negative.

    Returns:
        At most `MAX_WORDS`, fewer where room or words end; the same for the same weights.
    """
    from PIL import ImageFont
    from wordcloud import WordCloud

    held = {word: weight for word, weight in weights.items() if weight > 0}
    if not held:
        return []
    font_file = str(_font())
    cloud = WordCloud(
        font_path=font_file,
        width=WIDTH,
        height=HEIGHT,
        max_words=MAX_WORDS,
        min_font_size=SMALLEST,
        max_font_size=LARGEST,
        margin=MARGIN,
        # Words on end are hard to read.
        prefer_horizontal=1.0,
        relative_scaling=0.45,
        random_state=SEED,
    ).generate_from_frequencies(held)
    placed = []
    for (word, _), size, (row, column), _, _ in cloud.layout_:
        font = ImageFont.truetype(font_file, size)
        ascent, _ = font.getmetrics()
        placed.append(PlacedWord(word, float(column), float(row + ascent), float(font.getlength(word)), int(size)))
    return placed


def _font() -> Path:
    """A sans serif that comes with Matplotlib: about as wide as those of the page."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
