import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rakuten.dumps.snapshot import list_dump, record_snapshot
from rakuten.errors import ImageError
from rakuten.images.arrays import ImageArrays
from rakuten.images.resizing import count_unresized, decode_square, resize_images
from rakuten.outputs import OutputStore


def jpeg(width: int, height: int, colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def make_dump(folder: Path, images: list[bytes]) -> Path:
    (folder / "images" / "image_train").mkdir(parents=True)
    rows = [f'{place},"title",,{100 + place},{200 + place}' for place in range(len(images))]
    table = "\n".join([",designation,description,productid,imageid", *rows])
    (folder / "X_train_update.csv").write_text(table, "utf-8")
    for place, data in enumerate(images):
        name = f"image_{200 + place}_product_{100 + place}.jpg"
        (folder / "images" / "image_train" / name).write_bytes(data)
    return folder


@given(st.integers(1, 300), st.integers(1, 300), st.sampled_from([8, 64]))
@settings(max_examples=40, deadline=None)
def test_the_whole_picture_is_in_the_square_and_the_rest_is_white(width: int, height: int, size: int) -> None:
    square = decode_square(jpeg(width, height), size)
    assert square.shape == (size, size, 3)
    assert square.dtype == np.uint8
    is_picture = square[..., 1] < 128
    longest = max(width, height)
    assert is_picture.any(axis=1).sum() == max(1, round(height * size / longest))
    assert is_picture.any(axis=0).sum() == max(1, round(width * size / longest))
    assert (square[~is_picture] == 255).all()


def test_shrinking_averages_over_area() -> None:
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    stream = io.BytesIO()
    Image.fromarray(stripes).save(stream, "PNG")
    assert abs(decode_square(stream.getvalue(), 64).astype(int) - 127).max() <= 8


def test_bytes_that_are_no_image_are_an_error() -> None:
    with pytest.raises(ImageError):
        decode_square(b"no image", 64)


def test_images_are_resized_once_whatever_dump_they_come_in(tmp_path: Path) -> None:
    store = OutputStore(tmp_path / "outputs")
    red, green, truncated = jpeg(50, 50), jpeg(80, 40, (10, 200, 10)), jpeg(90, 90)[:400]
    first = make_dump(tmp_path / "first", [red, red, truncated])
    snapshot = store.run(record_snapshot, listing=list_dump(first))
    inputs = {"snapshot": snapshot, "dump": first, "size": 16}
    assert count_unresized(store, **inputs).items == 2
    facts = store.run(resize_images, **inputs).facts
    assert facts == {"images_computed": 2, "images_reused": 0}

    second = make_dump(tmp_path / "second", [green, red, truncated])
    snapshot = store.run(record_snapshot, listing=list_dump(second))
    inputs = {"snapshot": snapshot, "dump": second, "size": 16}
    assert count_unresized(store, **inputs).items == 1
    output = store.run(resize_images, **inputs)
    assert output.facts == {"images_computed": 1, "images_reused": 2}
    pixels = ImageArrays(output.folder, "pixels")
    assert pixels.usable == {hashlib.sha256(data).hexdigest() for data in (red, green)}
    (square,) = pixels.gather([hashlib.sha256(green).hexdigest()])
    np.testing.assert_array_equal(square, decode_square(green, 16))
