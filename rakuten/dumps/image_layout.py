"""Logical names of images (`image_train/image_1_product_2.jpg`), however a delivery nests and spells its folders.

The part of an image is that of the nearest folder above it, or zip file, called image_train or image_test in any case;
folders further up do not matter: `images/images/image_train/`, `Images/Image_Train/` and `image_train.zip` are read.
"""

from collections.abc import Iterable
from typing import NamedTuple

from rakuten.dumps.layout import IMAGE_FOLDERS, canonical_image_name
from rakuten.errors import DumpError


class LocatedImages(NamedTuple):
    """Files of a dump by what they are.

    Attributes:
        named: Logical name → path.
        misnamed: Paths in a part's folder that are not named as images are, or a second time in another spelling.
        misplaced: Paths of images in no folder of a part.
    """

    named: dict[str, str]
    misnamed: list[str]
    misplaced: list[str]


def locate_images(paths: Iterable[str], only_folder: str | None = None) -> LocatedImages:
    """Sort files of a dump by their names.

    Args:
        paths: Relative, with slashes; a zip file is a folder of its name.
        only_folder: "image_train" or "image_test", where a dump has one part only: of it are images in no folder.

    Raises:
        DumpError: If two files of the same name are the same image.
    """
    named: dict[str, str] = {}
    misnamed: list[str] = []
    misplaced: list[str] = []
    # Files with the challenge's own spelling first: they are taken where there are several.
    for path in sorted(paths, key=lambda path: (canonical_image_name(_file(path)) != _file(path), path)):
        folder = _part_folder(path)
        canonical = canonical_image_name(_file(path))
        if canonical is None:
            if folder is not None:
                misnamed.append(path)
            continue
        if folder is None and only_folder is None:
            misplaced.append(path)
            continue
        name = f"{folder or only_folder}/{canonical}"
        other = named.setdefault(name, path)
        if other == path:
            continue
        if _file(other) == _file(path):
            raise DumpError(f"{other} and {path} are the same image ({name}); keep one of them")
        misnamed.append(path)
    return LocatedImages(named, misnamed, misplaced)


def _file(path: str) -> str:
    return path.rpartition("/")[2]


def _part_folder(path: str) -> str | None:
    folders = (folder.casefold().removesuffix(".zip") for folder in reversed(path.split("/")[:-1]))
    return next((folder for folder in folders if folder in IMAGE_FOLDERS), None)
