"""Which products a generated dump holds: their labels, ids, twins and broken rows, before any text or photo.

A product is a pure function of (seed, part, position): a dump of 4,000 products starts with the products of the
dump of 2,000 with the same seed, as one nightly delivery repeats most of the last one.
"""

import enum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rakuten.catalogue.classes import CLASSES, CODES, NUM_CLASSES

UNKNOWN_CODE = 9999
MISLABELLED_SHARE = 0.02
TITLE_TWIN_SHARE = 0.031
TITLE_TWINS_WITH_SAME_PHOTO = 0.5
PHOTO_TWIN_SHARE = 0.055
PHOTO_TWINS_OF_ANY_CLASS = 0.2
PHOTO_OF_ANY_CLASS_SHARE = 0.05
BROKEN_ROW_SPACING = 200


class Part(enum.Enum):
    """The two parts of a dump; the value enters the random streams."""

    TRAIN = 0
    TEST = 1


class Stream(enum.IntEnum):
    """What a random stream is for, so that no two uses share numbers."""

    LABELS = 0
    PLAN = 1
    BROKEN = 2
    TITLE = 3
    DESCRIPTION = 4
    PHOTO = 5


class Broken(enum.Enum):
    """The faults of a real delivery; each strikes one train row of a dump that is large enough."""

    CORRUPT_IMAGE = "its image file is cut in the middle"
    MISSING_IMAGE = "its image file is absent"
    UNKNOWN_CLASS = f"its prdtypecode is {UNKNOWN_CODE}, which is none of the 27"
    REPEATED_PRODUCTID = "it has the productid of the row before it"
    BLANK_DESIGNATION = "its designation is one blank"
    CONTROL_CHARACTERS = "control and replacement characters stand in its designation and description"


class Product(NamedTuple):
    """What a product's row and photo are drawn from.

    Attributes:
        part: The part of the dump that it is in.
        position: Its row in that part, from 0.
        code: Its published label.
        text_code: The class that its texts are about; differs from `code` where the label is wrong.
        photo_code: The class that its photo shows.
        title_source: Position of the product whose title it has; its own unless it is a twin.
        photo_source: Position of the product whose photo it has; its own unless it is a twin.
        productid: Unique among all products of one seed.
        imageid: Unique among all products of one seed.
    """

    part: Part
    position: int
    code: int
    text_code: int
    photo_code: int
    title_source: int
    photo_source: int
    productid: int
    imageid: int


def random_stream(seed: int, stream: Stream, part: Part, *numbers: int) -> np.random.Generator:
    """The random numbers of one purpose: a pure function of the arguments."""
    return np.random.default_rng([seed, int(stream), part.value, *numbers])


def label_sequence(num_products: int, seed: int, part: Part = Part.TRAIN) -> npt.NDArray[np.int64]:
    """Labels in row order, spread so evenly that every head of the sequence has the published shares.

    Args:
        num_products: How many; 84,916, or a multiple of it, gives exactly the published counts.
        seed: Seed of the dump.
        part: The part of the dump.

    Returns:
        int64 array of shape (num_products,): class codes.
    """
    counts = np.array([product_class.published_count for product_class in CLASSES])
    codes = np.repeat(CODES, counts)
    rank = np.concatenate([np.arange(count) for count in counts])
    cycles = []
    for cycle in range(-(-num_products // len(codes))):
        jitter = random_stream(seed, Stream.LABELS, part, cycle).random(len(codes))
        cycles.append(codes[np.argsort((rank + jitter) / np.repeat(counts, counts), kind="stable")])
    return np.concatenate(cycles)[:num_products] if cycles else np.empty(0, np.int64)


def plan_products(num_products: int, seed: int, part: Part) -> list[Product]:
    """All products of one part, in row order.

    Args:
        num_products: How many.
        seed: Seed of the dump.
        part: The part of the dump; twins stand in the same part.
    """
    labels = label_sequence(num_products, seed, part).tolist()
    draws = random_stream(seed, Stream.PLAN, part).random((num_products, 6)).tolist()
    earlier: dict[int, list[int]] = {code: [] for code in CODES}
    products: list[Product] = []
    for position, (code, row) in enumerate(zip(labels, draws, strict=True)):
        wrong_label, other_class, twin, twin_kind, twin_of, other_photo = row
        any_code = CODES[int(other_class * NUM_CLASSES)]
        text_code = any_code if wrong_label < MISLABELLED_SHARE else code
        photo_code = any_code if other_photo < PHOTO_OF_ANY_CLASS_SHARE else text_code
        title_source = photo_source = position
        kin = earlier[code]
        if kin and twin < TITLE_TWIN_SHARE + PHOTO_TWIN_SHARE:
            if twin < TITLE_TWIN_SHARE:
                original = products[kin[int(twin_of * len(kin))]]
                title_source, text_code = original.title_source, original.text_code
                takes_photo = twin_kind < TITLE_TWINS_WITH_SAME_PHOTO
            else:
                of_any = twin_kind < PHOTO_TWINS_OF_ANY_CLASS
                original = products[int(twin_of * position) if of_any else kin[int(twin_of * len(kin))]]
                takes_photo = True
            if takes_photo:
                photo_source, photo_code = original.photo_source, original.photo_code
        earlier[code].append(position)
        ids = _ids(position, seed, part)
        products.append(Product(part, position, code, text_code, photo_code, title_source, photo_source, *ids))
    return products


def broken_positions(num_products: int, seed: int) -> dict[int, Broken]:
    """The train rows that are broken: one of each kind at most, one in 200 rows."""
    found = {}
    for block, kind in enumerate(Broken):
        # Not the first row of the block: a repeated productid needs a row before it.
        offset = int(random_stream(seed, Stream.BROKEN, Part.TRAIN, block).integers(1, BROKEN_ROW_SPACING))
        if block * BROKEN_ROW_SPACING + offset < num_products:
            found[block * BROKEN_ROW_SPACING + offset] = kind
    return found


def _ids(position: int, seed: int, part: Part) -> tuple[int, int]:
    """Product id and image id, in the ranges of the challenge."""
    # A multiplier that shares no factor with the modulus: no id comes twice.
    key = 2 * position + part.value + seed % 1000 * 1_000_003
    return 300_007 + key * 2_654_435_761 % 4_240_000_000, 1_000_000_000 + key * 179_424_673 % 325_900_000
