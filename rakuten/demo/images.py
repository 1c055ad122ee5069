"""Photos of the generated dump: drawn shapes with a class-dependent look, lit and grained like photos, as JPEG.

Drawn at 250×250 and enlarged: photos of a catalogue hold little fine detail, and drawing them costs a quarter. Which
classes look alike is no accident: others than those whose texts are alike, so that either modality knows what the
other one does not.
"""

import colorsys
import functools
import io
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from rakuten.demo.products import Product, Stream, random_stream
from rakuten.demo.shapes import SHAPES, Box, Colour

CANVAS = 250
JPEG_QUALITY = 80
PROGRESSIVE_SHARE = 0.99
JPEG_COMMENT = b"generated for a demonstration; no real product"
WHITE_MARGIN_SHARE = 0.5
STUDIO_SHARE = 0.6
WHITE = (255, 255, 255)

Pixels = npt.NDArray[np.uint8]


class Look(NamedTuple):
    """What photos of a class mostly show."""

    shape: str
    palette: str
    texture: str


# Each trait is the class's own in this share of its photos and any other in the rest.
TRAIT_SHARES = (0.90, 0.86, 0.84)

LOOKS: dict[int, Look] = {
    10: Look("cover", "red", "plain"),
    40: Look("cover", "red", "stripes"),
    2280: Look("cover", "yellow", "plain"),
    1160: Look("cover", "yellow", "dots"),
    2403: Look("cover", "cyan", "dots"),
    2522: Look("cover", "cyan", "plain"),
    2705: Look("cover", "grey", "plain"),
    2462: Look("cover", "grey", "checks"),
    2905: Look("crate", "violet", "plain"),
    1281: Look("crate", "violet", "checks"),
    60: Look("crate", "grey", "plain"),
    50: Look("tool", "grey", "plain"),
    2585: Look("tool", "grey", "stripes"),
    1300: Look("tool", "orange", "plain"),
    1140: Look("figure", "orange", "dots"),
    1180: Look("figure", "green", "plain"),
    1280: Look("figure", "green", "checks"),
    1301: Look("figure", "pink", "dots"),
    1302: Look("disc", "blue", "stripes"),
    2583: Look("disc", "blue", "plain"),
    2060: Look("disc", "yellow", "dots"),
    1320: Look("cushion", "pink", "plain"),
    1920: Look("cushion", "pink", "checks"),
    2220: Look("bottle", "blue", "plain"),
    1940: Look("bottle", "red", "plain"),
    1560: Look("furniture", "brown", "plain"),
    2582: Look("furniture", "green", "stripes"),
}

# Hue, saturation and value at the middle of each palette.
PALETTES: dict[str, tuple[float, float, float]] = {
    "red": (0.99, 0.80, 0.75),
    "orange": (0.07, 0.85, 0.92),
    "yellow": (0.14, 0.75, 0.92),
    "green": (0.34, 0.65, 0.60),
    "cyan": (0.50, 0.60, 0.78),
    "blue": (0.60, 0.75, 0.80),
    "violet": (0.76, 0.60, 0.65),
    "pink": (0.91, 0.40, 0.95),
    "brown": (0.07, 0.55, 0.45),
    "grey": (0.60, 0.06, 0.35),
}
TEXTURES: tuple[str, ...] = ("plain", "stripes", "dots", "checks")


def product_photo(product: Product, seed: int, size: int) -> bytes:
    """The photo of a product, as the bytes of a JPEG file.

    Args:
        product: The product; twins in `photo_source` and `photo_code` have the same bytes.
        seed: Seed of the dump.
        size: Width and height in pixels.

    Returns:
        A JPEG of quality 80, progressive but for one in a hundred, with a comment that says it is generated.
    """
    rng = random_stream(seed, Stream.PHOTO, product.part, product.photo_source)
    image = _with_margins(rng, _scene(rng, _look(rng, product.photo_code)), size)
    target = io.BytesIO()
    progressive = bool(rng.random() < PROGRESSIVE_SHARE)
    image.save(target, "JPEG", quality=JPEG_QUALITY, progressive=progressive, comment=JPEG_COMMENT)
    return target.getvalue()


def _look(rng: np.random.Generator, code: int) -> Look:
    """The class's look, each trait at times replaced by any other."""
    choices = (tuple(SHAPES), tuple(PALETTES), TEXTURES)
    traits = []
    for own, share, others in zip(LOOKS[code], TRAIT_SHARES, choices, strict=True):
        traits.append(own if rng.random() < share else others[int(rng.integers(len(others)))])
    return Look(*traits)


def _scene(rng: np.random.Generator, look: Look) -> Image.Image:
    """The object on its ground, lit and grained; RGB, 250×250."""
    main, accent = _colours(rng, look.palette)
    mask = Image.new("L", (CANVAS, CANVAS), 0)
    object_ = _textured(rng, look.texture, main, accent)
    SHAPES[look.shape](rng, ImageDraw.Draw(mask), ImageDraw.Draw(object_), _box(rng), accent)
    angle = float(rng.normal(0, 6))
    mask, object_ = mask.rotate(angle), object_.rotate(angle)
    grained = _grained(rng, np.asarray(object_))
    if rng.random() < STUDIO_SHARE:
        ground = Image.new("RGB", (CANVAS, CANVAS), WHITE)
    else:
        tone = float(rng.uniform(110, 235))
        tint = rng.normal(0, 12, 3)
        flat = np.broadcast_to(np.clip(tone + tint, 0, 255).astype(np.uint8), (CANVAS, CANVAS, 3))
        ground = Image.fromarray(_grained(rng, flat))
    ground.paste(Image.fromarray(grained), mask=mask)
    return ground


def _colours(rng: np.random.Generator, palette: str) -> tuple[Colour, Colour]:
    """A main colour near the middle of the palette and an accent of any hue."""
    hue, saturation, value = (
        float(np.clip(middle + rng.normal(0, spread), 0, 1.2))
        for middle, spread in zip(PALETTES[palette], (0.02, 0.10, 0.10), strict=True)
    )
    accent = (float(rng.random()), float(rng.uniform(0.1, 0.8)), float(rng.uniform(0.3, 1)))
    return _rgb(hue % 1, min(saturation, 1), min(value, 1)), _rgb(*accent)


def _rgb(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return int(red * 255), int(green * 255), int(blue * 255)


def _box(rng: np.random.Generator) -> Box:
    """Where the object stands: left, top, right, bottom on the canvas."""
    width, height = rng.uniform(0.6, 0.9, 2) * CANVAS
    left, top = rng.uniform(0.05, 0.95, 2) * (CANVAS - np.array([width, height]))
    return float(left), float(top), float(left + width), float(top + height)


def _textured(rng: np.random.Generator, texture: str, main: Colour, accent: Colour) -> Image.Image:
    """The whole canvas in the object's material."""
    canvas = Image.new("RGB", (CANVAS, CANVAS), main)
    period, turn = float(rng.uniform(16, 40)), float(rng.uniform(0, np.pi))
    if texture == "plain":
        return canvas
    rows, columns = _grid()
    step, climb = np.float32(np.cos(turn) / period), np.float32(np.sin(turn) / period)
    across, along = _fraction(columns * step + rows * climb), _fraction(rows * step - columns * climb)
    if texture == "stripes":
        painted = across < 1 / 3
    elif texture == "dots":
        painted = (across - 0.5) ** 2 + (along - 0.5) ** 2 < 0.1
    else:
        painted = (across < 0.5) ^ (along < 0.5)
    canvas.paste(accent, mask=Image.fromarray(painted.astype(np.uint8) * np.uint8(255)))
    return canvas


def _fraction(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return values - np.floor(values)


def _grained(rng: np.random.Generator, pixels: Pixels) -> Pixels:
    """The pixels under uneven light, with a photo's grain."""
    light = Image.fromarray(rng.uniform(0.72, 1.12, (4, 4)).astype(np.float32)).resize((CANVAS, CANVAS))
    strength = np.float32(rng.lognormal(np.log(10), 0.6))
    top, left = rng.integers(_grain().shape[0] - CANVAS, size=2).tolist()
    grain = _grain()[top : top + CANVAS, left : left + CANVAS] * strength
    lit = pixels * np.asarray(light)[..., None] + grain[..., None]
    return np.clip(lit, 0, 255).astype(np.uint8)


@functools.cache
def _grid() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    rows, columns = np.mgrid[0:CANVAS, 0:CANVAS].astype(np.float32)
    return rows, columns


@functools.cache
def _grain() -> npt.NDArray[np.float32]:
    """Grain of unit strength, larger than the canvas so that each photo takes another piece of it."""
    return np.random.default_rng(31).standard_normal((2 * CANVAS, 2 * CANVAS)).astype(np.float32)


def _with_margins(rng: np.random.Generator, scene: Image.Image, size: int) -> Image.Image:
    """The scene enlarged to size × size, in about half of the photos with white margins around it."""
    width = height = 1.0
    if rng.random() < WHITE_MARGIN_SHARE:
        # Most sources are upright or lie on their side: margins stand on two sides, at times on all four.
        shorter, both = float(rng.uniform(0.55, 0.9)), float(rng.choice([1.0, 1.0, 0.75]))
        width, height = (shorter * both, both) if rng.random() < 0.6 else (both, shorter * both)
    inner = max(1, round(width * size)), max(1, round(height * size))
    image = Image.new("RGB", (size, size), WHITE)
    enlarged = scene.resize(inner, Image.Resampling.BILINEAR)
    image.paste(enlarged, ((size - inner[0]) // 2, (size - inner[1]) // 2))
    return image
