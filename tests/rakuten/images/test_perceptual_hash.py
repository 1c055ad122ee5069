"""Copies of a picture are found however they were saved; other pictures, and empty ones, are no copies."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from rakuten.images.perceptual_hash import COPY_DISTANCE, copy_groups, difference_hash, distance


def picture(seed: int, size: int = 300) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC)


def saved(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


@pytest.mark.parametrize("seed", range(8))
def test_a_copy_saved_anew_or_smaller_is_close_and_another_picture_far(seed: int) -> None:
    original = difference_hash(picture(seed))
    for copy in (saved(picture(seed), 50), picture(seed).resize((150, 150)), picture(seed).convert("L")):
        assert distance(original, difference_hash(copy)) <= COPY_DISTANCE
    assert distance(original, difference_hash(picture(seed + 100))) > 0.4


def test_two_things_in_the_middle_of_a_white_page_are_no_copies() -> None:
    pages = [Image.new("RGB", (300, 300), "white") for _ in range(2)]
    ImageDraw.Draw(pages[0]).rectangle((120, 90, 180, 210), fill="black")
    ImageDraw.Draw(pages[1]).ellipse((110, 110, 190, 190), fill="black")
    assert distance(*map(difference_hash, pages)) > COPY_DISTANCE


def test_groups_are_named_by_their_first_member() -> None:
    pictures = [picture(1), picture(2), saved(picture(1), 60), picture(3), saved(picture(2), 60), picture(2)]
    assert copy_groups([difference_hash(image) for image in pictures]).tolist() == [0, 1, 0, 3, 1, 1]


def test_empty_pictures_are_not_called_copies_of_each_other() -> None:
    blank = difference_hash(Image.new("RGB", (100, 100), "white"))
    assert copy_groups([blank, blank, difference_hash(picture(1))]).tolist() == [0, 1, 2]


def test_no_pictures_have_no_groups() -> None:
    assert copy_groups([]).tolist() == []


def test_copies_are_found_among_thousands() -> None:
    random = np.random.default_rng(5)
    bits = random.random((3000, 512)) < 0.2
    copies = bits[:200] ^ (random.random((200, 512)) < 0.004)
    hashes = [np.packbits(row).tobytes().hex() for row in np.concatenate([bits, copies])]
    close = [
        position for position in range(200) if distance(hashes[position], hashes[3000 + position]) <= COPY_DISTANCE
    ]
    groups = copy_groups(hashes)
    assert len(close) > 190
    assert groups[: len(bits)].tolist() == list(range(len(bits)))
    assert sum(groups[3000 + position] == position for position in close) >= len(close) - 1


@pytest.mark.real
def test_real_photos_saved_anew_are_found_and_no_others(shared_data: Path) -> None:
    files = sorted((shared_data / "real-multimodal/images/image_train").iterdir())[::3]
    photos = [Image.open(path).convert("RGB") for path in files]
    hashes = [difference_hash(photo) for photo in photos] + [difference_hash(saved(photo, 60)) for photo in photos]
    groups = copy_groups(hashes)
    count = len(photos)
    assert (groups[:count] == np.arange(count)).mean() > 0.98
    assert (groups[count:] == groups[:count]).mean() > 0.95
