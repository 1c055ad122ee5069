"""The challenge's layout: names of files, folders, columns and images, spelt once."""

import re
from typing import Literal, get_args

Part = Literal["train", "test"]
PARTS: tuple[Part, ...] = get_args(Part)

X_TRAIN = "X_train_update.csv"
Y_TRAIN = "y_train_CVw08PX.csv"
X_TEST = "X_test_update.csv"
TABLES = (X_TRAIN, Y_TRAIN, X_TEST)
PRODUCT_TABLES: dict[Part, str] = {"train": X_TRAIN, "test": X_TEST}

# The first column of every table has no name; its numbers join y to X.
INDEX = ""
PRODUCT_COLUMNS = (INDEX, "designation", "description", "productid", "imageid")
LABEL_COLUMNS = (INDEX, "prdtypecode")

IMAGES_FOLDER = "images"
IMAGES_ARCHIVE = "images.zip"
IMAGE_FOLDERS: dict[str, Part] = {"image_train": "train", "image_test": "test"}
# Folders and zip files at the top of a dump in which images are looked for, in any case.
IMAGE_SOURCES = (IMAGES_FOLDER, *IMAGE_FOLDERS)

# Real images have 27 KB on average; larger files than this are not read, let alone decoded.
MAX_IMAGE_BYTES = 20 * 1024**2
# The challenge's largest table has 63 MB.
MAX_TABLE_BYTES = 1024**3

# No leading zeros and no more digits than int64 holds: one pair of ids has one name.
_IMAGE_NAME = re.compile(r"image_(0|[1-9][0-9]{0,17})_product_(0|[1-9][0-9]{0,17})\.jpg")
# As phones and other shops write it; the bytes decide on the format, not the name.
_IMAGE_NAME_VARIANT = re.compile(_IMAGE_NAME.pattern.removesuffix("jpg") + "(?:jpe?g|jpe|png|webp|gif)", re.IGNORECASE)


def image_name(imageid: int, productid: int) -> str:
    """The file name of a product's image."""
    return f"image_{imageid}_product_{productid}.jpg"


def ids_of_image(name: str) -> tuple[int, int] | None:
    """(imageid, productid) of an image's file name, or None where the name is not one of an image."""
    match = _IMAGE_NAME.fullmatch(name)
    return (int(match[1]), int(match[2])) if match else None


def canonical_image_name(name: str) -> str | None:
    """The name an image should have: `image_1_product_2.jpg` for `IMAGE_1_product_2.JPEG`; None: it is no image's."""
    match = _IMAGE_NAME_VARIANT.fullmatch(name)
    return image_name(int(match[1]), int(match[2])) if match else None


def is_junk(name: str) -> bool:
    """Whether a file is what desktops leave behind: no part of any delivery."""
    parts = name.split("/")
    return "__MACOSX" in parts or parts[-1].startswith("._") or parts[-1] in (".DS_Store", "Thumbs.db", "desktop.ini")
