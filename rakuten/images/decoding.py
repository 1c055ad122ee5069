"""Opening images that come from outside: whole, small enough, in RGB on white, or a clear error.

Limits stand before decoding: a few kilobytes can declare a picture that fills the memory of the machine.
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from rakuten.dumps.layout import MAX_IMAGE_BYTES
from rakuten.errors import ImageError

# A 24-megapixel camera's photo passes; one decoded image takes at most 75 MB in each thread.
MAX_PIXELS = 25_000_000
# What shops are seen to deliver under a .jpg name; every further decoder would be one more to attack.
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")

WHITE = (255, 255, 255)

# What Pillow's decoders raise on bytes that break their format.
DAMAGE = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def open_image(data: bytes) -> Image.Image:
    """Read an image's header; its pixels are not decoded yet.

    Args:
        data: The file's bytes.

    Returns:
        A lazy image whose `size` is within the limits.

    Raises:
        ImageError: If the bytes are too many, no image of a known format, or declare too many pixels.
    """
    if len(data) > MAX_IMAGE_BYTES:
        raise ImageError(f"{len(data):,} bytes, expected at most {MAX_IMAGE_BYTES:,}")
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.UnidentifiedImageError:
        start = data[:8].hex(" ")
        raise ImageError(f"no {', '.join(FORMATS)} image: {len(data):,} bytes that begin with [{start}]") from None
    except DAMAGE as error:
        raise ImageError(f"its header cannot be read: {error}") from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ImageError(f"declares {width}×{height} pixels, expected at most {MAX_PIXELS:,} in all")
    return image


def decode(image: Image.Image, size: int | None = None) -> Image.Image:
    """Decode an opened image to RGB; transparent parts become white, the colour that products are shown on.

    Args:
        image: As `open_image` returned it.
        size: Side in pixels that is enough for the caller: a JPEG is then decoded at 1/2, 1/4 or 1/8 of its size,
            as long as neither side becomes smaller than this. None decodes at full size.

    Returns:
        An RGB image.

    Raises:
        ImageError: If the image is truncated or damaged.
    """
    if size is not None:
        image.draft(None, (size, size))
    try:
        image.load()
        return _on_white(image)
    except DAMAGE as error:
        raise ImageError(f"cannot be decoded: {error}") from error


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        # Pillow clips 16-bit greys to 255 on conversion, which turns a photo white.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (*WHITE, 255))
        return Image.alpha_composite(ground, layer).convert("RGB")
    return image.convert("RGB")
