"""Words of a cloud stand inside it, do not touch, and the heaviest is the largest."""

import itertools
from collections.abc import Mapping

import pytest
from PIL import ImageFont

from rakuten.exploration.clouds import HEIGHT, MAX_WORDS, SMALLEST, WIDTH, PlacedWord, _font, lay_out

WORDS = {f"{'mot' * (1 + number % 4)}{number}": 1000 / (1 + number) for number in range(80)}


def box(placed: PlacedWord) -> tuple[float, float, float, float]:
    left, top, right, bottom = ImageFont.truetype(str(_font()), placed.size).getbbox(placed.word, anchor="ls")
    return placed.x + left, placed.y + top, placed.x + right, placed.y + bottom


@pytest.mark.parametrize("weights", [WORDS, dict.fromkeys(WORDS, 1.0), {"anticonstitutionnellement": 5.0}])
def test_words_stand_inside_and_do_not_touch(weights: Mapping[str, float]) -> None:
    boxes = [box(placed) for placed in lay_out(weights)]
    assert boxes
    assert all(left >= 0 and top >= 0 and right <= WIDTH and bottom <= HEIGHT for left, top, right, bottom in boxes)
    for one, other in itertools.combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def test_the_heaviest_word_is_the_largest_and_the_same_words_stand_the_same() -> None:
    placed = lay_out(WORDS)
    assert placed[0].word == "mot0"
    assert placed[0].size == max(word.size for word in placed)
    assert min(word.size for word in placed) >= SMALLEST
    assert 25 < len(placed) <= MAX_WORDS
    assert lay_out(dict(reversed(WORDS.items()))) == placed


def test_no_words_make_no_cloud() -> None:
    assert lay_out({}) == []
    assert lay_out({"mot": 0.0}) == []
