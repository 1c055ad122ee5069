"""Outlines of the objects on generated photos: each draws a mask of where the object is and details on its surface."""

from collections.abc import Callable

import numpy as np
from PIL.ImageDraw import ImageDraw

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]
DrawShape = Callable[[np.random.Generator, ImageDraw, ImageDraw, Box, Colour], None]

INSIDE = 255


def _part(box: Box, left: float, top: float, right: float, bottom: float) -> Box:
    """A part of the box, in fractions of its width and height."""
    width, height = box[2] - box[0], box[3] - box[1]
    return box[0] + left * width, box[1] + top * height, box[0] + right * width, box[1] + bottom * height


def _lines_of_print(rng: np.random.Generator, surface: ImageDraw, box: Box, colour: Colour) -> None:
    for line in range(int(rng.integers(2, 6))):
        top = 0.08 + 0.09 * line
        surface.rectangle(_part(box, 0.12, top, float(rng.uniform(0.4, 0.88)), top + 0.05), fill=colour)


def cover(rng: np.random.Generator, mask: ImageDraw, surface: ImageDraw, box: Box, accent: Colour) -> None:
    """A book, magazine, card or game: an upright page with print and a picture."""
    page = _part(box, 0.14, 0.0, 0.86, 1.0)
    mask.rectangle(page, fill=INSIDE)
    _lines_of_print(rng, surface, page, accent)
    left, top = rng.uniform(0.1, 0.3), rng.uniform(0.5, 0.6)
    picture = _part(page, float(left), float(top), float(left + rng.uniform(0.4, 0.6)), 0.92)
    (surface.ellipse if rng.random() < 0.5 else surface.rectangle)(picture, fill=accent)


def crate(rng: np.random.Generator, mask: ImageDraw, surface: ImageDraw, box: Box, accent: Colour) -> None:
    """A packed box, seen from a corner."""
    depth = float(rng.uniform(0.15, 0.3))
    corners = ((0, depth), (depth, 0), (1, 0), (1, 1 - depth), (1 - depth, 1), (0, 1))
    mask.polygon([_part(box, x, y, 1, 1)[:2] for x, y in corners], fill=INSIDE)
    edge = _part(box, 1 - depth, depth, 1, 1)[:2]
    for x, y in ((0, depth), (1, 0), (1 - depth, 1)):
        surface.line([edge, _part(box, x, y, 1, 1)[:2]], fill=(30, 30, 30), width=3)
    _lines_of_print(rng, surface, _part(box, 0.02, depth, 1 - depth, 1), accent)


def tool(rng: np.random.Generator, mask: ImageDraw, surface: ImageDraw, box: Box, accent: Colour) -> None:
    """A thin long thing with a head, lying across."""
    width = int(rng.integers(14, 28))
    start, end = _part(box, 0.05, 0.95, 1, 1)[:2], _part(box, 0.75, 0.2, 1, 1)[:2]
    mask.line([start, end], fill=INSIDE, width=width)
    head = _part(box, 0.55, 0.0, 1.0, float(rng.uniform(0.3, 0.45)))
    mask.rounded_rectangle(head, radius=10, fill=INSIDE)
    surface.ellipse(_part(head, 0.3, 0.25, 0.6, 0.75), fill=accent)


def figure(rng: np.random.Generator, mask: ImageDraw, surface: ImageDraw, box: Box, accent: Colour) -> None:
    """A head on a body with arms and legs."""
    mask.ellipse(_part(box, 0.30, 0.0, 0.70, 0.36), fill=INSIDE)
    mask.rounded_rectangle(_part(box, 0.33, 0.32, 0.67, 0.72), radius=12, fill=INSIDE)
    reach = float(rng.uniform(0.3, 0.6))
    for shoulder, hand in ((0.36, 0.08), (0.64, 0.92)):
        mask.line([_part(box, shoulder, 0.4, 1, 1)[:2], _part(box, hand, reach, 1, 1)[:2]], fill=INSIDE, width=16)
    for left in (0.35, 0.53):
        mask.rectangle(_part(box, left, 0.7, left + 0.12, 1.0), fill=INSIDE)
    for eye in (0.41, 0.54):
        surface.ellipse(_part(box, eye, 0.13, eye + 0.05, 0.18), fill=(20, 20, 20))
    surface.rectangle(_part(box, 0.42, 0.45, 0.58, 0.6), fill=accent)


def disc(rng: np.random.Generator, mask: ImageDraw, surface: ImageDraw, box: Box, accent: Colour) -> None:
    """Something round: a pool, a ball, a rug, a lamp."""
    top = float(rng.uniform(0.0, 0.25))
    mask.ellipse(_part(box, 0.0, top, 1.0, 1.0), fill=INSIDE)
    surface.ellipse(_part(box, 0.12, top + 0.1, 0.88, 0.9), outline=accent, width=int(rng.integers(3, 9)))


def cushion(rng: np.random.Generator, mask: ImageDraw, surface: ImageDraw, box: Box, accent: Colour) -> None:
    """Something soft with round corners and a seam."""
    radius = int(rng.integers(28, 50))
    mask.rounded_rectangle(_part(box, 0.0, 0.1, 1.0, 0.9), radius=radius, fill=INSIDE)
    surface.rounded_rectangle(_part(box, 0.06, 0.16, 0.94, 0.84), radius=radius, outline=accent, width=2)


def bottle(rng: np.random.Generator, mask: ImageDraw, surface: ImageDraw, box: Box, accent: Colour) -> None:
    """A bottle or jar with a label."""
    neck = float(rng.uniform(0.15, 0.3))
    mask.rounded_rectangle(_part(box, 0.28, neck, 0.72, 1.0), radius=14, fill=INSIDE)
    mask.rectangle(_part(box, 0.42, 0.0, 0.58, neck + 0.1), fill=INSIDE)
    surface.rectangle(_part(box, 0.28, 0.5, 0.72, float(rng.uniform(0.65, 0.85))), fill=accent)


def furniture(rng: np.random.Generator, mask: ImageDraw, surface: ImageDraw, box: Box, accent: Colour) -> None:
    """A board on legs, at times with a back."""
    top = float(rng.uniform(0.35, 0.5))
    mask.rectangle(_part(box, 0.0, top, 1.0, top + 0.18), fill=INSIDE)
    for left in (0.04, 0.86):
        mask.rectangle(_part(box, left, top, left + 0.1, 1.0), fill=INSIDE)
    if rng.random() < 0.5:
        mask.rectangle(_part(box, 0.04, 0.05, 0.96, top), fill=INSIDE)
        surface.rectangle(_part(box, 0.12, 0.12, 0.88, top - 0.06), outline=accent, width=4)


SHAPES: dict[str, DrawShape] = {
    "cover": cover,
    "crate": crate,
    "tool": tool,
    "figure": figure,
    "disc": disc,
    "cushion": cushion,
    "bottle": bottle,
    "furniture": furniture,
}
