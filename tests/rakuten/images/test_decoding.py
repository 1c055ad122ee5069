import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rakuten.errors import ImageError
from rakuten.images import decoding
from rakuten.images.decoding import decode, open_image


def encoded(image: Image.Image, format: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def noise(width: int = 90, height: int = 60) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))


def decode_rgb(data: bytes, size: int | None = None) -> np.ndarray:
    return np.asarray(decode(open_image(data), size))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_known_formats_decode_to_rgb(format: str) -> None:
    assert decode_rgb(encoded(noise(), format)).shape == (60, 90, 3)


@pytest.mark.parametrize(
    ("size", "shape"), [(121, (240, 320)), (100, (120, 160)), (60, (60, 80)), (31, (60, 80)), (30, (30, 40))]
)
def test_a_jpeg_is_decoded_no_larger_than_needed_and_never_smaller(size: int, shape: tuple[int, int]) -> None:
    assert decode_rgb(encoded(noise(320, 240), "JPEG"), size).shape[:2] == shape


@pytest.mark.parametrize(("mode", "colour"), [("RGBA", (0, 0, 0, 0)), ("LA", (0, 0))])
def test_transparent_parts_become_white(mode: str, colour: tuple[int, ...]) -> None:
    assert (decode_rgb(encoded(Image.new(mode, (4, 4), colour))) == 255).all()


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr"])
def test_every_mode_becomes_three_channels(mode: str) -> None:
    image = noise().convert(mode)
    assert decode_rgb(encoded(image, "PNG" if mode in "1LPRGB" else "JPEG")).shape == (60, 90, 3)


def test_sixteen_bit_greys_keep_their_brightness() -> None:
    data = encoded(Image.fromarray(np.full((4, 4), 30_000, np.uint16)))
    assert (decode_rgb(data) == 30_000 >> 8).all()


def test_a_jpeg_decoded_small_looks_like_the_whole_made_small() -> None:
    smooth = noise(6, 6).resize((400, 400), Image.Resampling.BICUBIC)
    data = encoded(smooth, "JPEG", quality=95)
    whole = np.asarray(Image.open(io.BytesIO(data)).resize((100, 100), Image.Resampling.BOX), int)
    small = decode_rgb(data, 64)
    assert small.shape == whole.shape
    assert np.abs(small - whole).mean() < 2


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_truncated_jpeg_is_an_error(kept: float, progressive: bool) -> None:
    data = encoded(noise(), "JPEG", progressive=progressive)
    with pytest.raises(ImageError, match="cannot be decoded: image file is truncated"):
        decode_rgb(data[: int(len(data) * kept)], 32)


@pytest.mark.parametrize("data", [b"", b"<html>not found</html>", b"\x89PNG\r\n\x1a\n", encoded(noise(), "BMP")])
def test_other_bytes_are_no_image(data: bytes) -> None:
    with pytest.raises(ImageError, match="no JPEG, PNG, WEBP, GIF image"):
        decode_rgb(data)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    data = encoded(Image.new("1", (6000, 6000)))
    assert len(data) < 10_000
    with pytest.raises(ImageError, match="declares 6000×6000 pixels, expected at most 25,000,000"):
        decode_rgb(data)


def test_a_picture_beyond_the_decoder_s_own_limit_is_refused() -> None:
    with pytest.raises(ImageError, match="its header cannot be read: Image size"):
        decode_rgb(encoded(Image.new("1", (20_000, 20_000))))


def test_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_IMAGE_BYTES", 50)
    with pytest.raises(ImageError, match="expected at most 50"):
        decode_rgb(encoded(noise()))


SOUND = [encoded(noise(24, 16), format) for format in ("JPEG", "PNG", "WEBP", "GIF")]


@given(st.sampled_from(SOUND), st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=12))
def test_damaged_bytes_give_a_picture_or_an_image_error(data: bytes, changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        damaged[place % len(damaged)] = value
    try:
        decode_rgb(bytes(damaged), 8)
    except ImageError:
        return
