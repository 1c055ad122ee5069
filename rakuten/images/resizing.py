"""Images decoded once, stored as small squares: trainings read these, not JPEGs."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from rakuten.dumps.snapshot_files import SnapshotFiles
from rakuten.errors import ImageError
from rakuten.images.arrays import PIXELS, array_table
from rakuten.images.borders import blacken_border, product_box
from rakuten.images.decoding import WHITE, decode, open_image
from rakuten.images.selection import chosen_images
from rakuten.outputs import OutputStore, Pool, StageOutput
from rakuten.recipes import Borders
from rakuten.stages import Pending, stage

SHARD_SIZE = 2000
UNIT = "images"


def count_unresized(
    store: OutputStore,
    snapshot: StageOutput,
    dump: Path,
    size: int,
    borders: Borders = "keep",
    limit: int | None = None,
    num_workers: int = 2,
) -> Pending:
    """How many distinct images of a dump were never resized like this, in this dump or another."""
    with SnapshotFiles(snapshot, dump) as files:
        pool = _pool(store.folder, snapshot, dump, size, borders, limit, num_workers)
        return pool.pending(chosen_images(files.images, limit), UNIT)


@stage(version=1, libraries=("pillow",), ignore=("dump", "num_workers"), pending=count_unresized)
def resize_images(
    out: Path,
    snapshot: StageOutput,
    dump: Path,
    size: int,
    borders: Borders = "keep",
    limit: int | None = None,
    num_workers: int = 2,
) -> dict[str, int]:
    """Decode every distinct image and store it as a square of pixels.

    Args:
        out: Work folder.
        snapshot: `record_snapshot`.
        dump: Where the dump is on this machine.
        size: Side of the squares, pixels.
        borders: What becomes of white borders.
        limit: See `chosen_images`.
        num_workers: Threads that decode.

    Returns:
        Numbers of images decoded now and before.

    Raises:
        DumpError: If an image cannot be read, or changed since the snapshot.

    Output:
        shards/: digest, pixels (uint8 (size, size, 3), RGB; null where the image does not decode); see `ImageArrays`.
    """
    with SnapshotFiles(snapshot, dump) as files, ThreadPoolExecutor(num_workers, "resize") as threads:

        def compute(digests: Sequence[str]) -> pa.Table:
            squares = list(threads.map(lambda digest: read_square(files, digest, size, borders), digests))
            return array_table(PIXELS, digests, squares, np.uint8, (size, size, 3))

        pool = _pool(out.parent, snapshot, dump, size, borders, limit, num_workers)
        return pool.fill(out, chosen_images(files.images, limit), compute, shard_size=SHARD_SIZE, unit=UNIT)


def read_square(
    files: SnapshotFiles, digest: str, size: int, borders: Borders = "keep"
) -> npt.NDArray[np.uint8] | None:
    """An image of a dump as `decode_square` makes it; None where it does not decode.

    Raises:
        DumpError: If it cannot be read, or changed since the snapshot.
    """
    try:
        return decode_square(files.read_image(digest), size, borders)
    except ImageError:
        return None


def decode_square(data: bytes, size: int, borders: Borders = "keep") -> npt.NDArray[np.uint8]:
    """Decode an image to a square with all of the product in it; what is not square gets white margins.

    Args:
        data: The file's bytes.
        size: Side of the square, pixels.
        borders: "crop": the product fills the square; "black": what lies around it is black, margins as well.

    Returns:
        uint8 (size, size, 3), RGB.

    Raises:
        ImageError: If the bytes are no image, a damaged one or too large.
    """
    opened = open_image(data)
    if borders == "crop":
        # At full size: what is left of it is enlarged.
        whole = decode(opened)
        product = whole.crop(product_box(np.asarray(whole)))
        return _square(product, product.size, size)
    # Asked before decoding: a JPEG decoded at an eighth of its size has rounded sides.
    sides = opened.size
    square = _square(decode(opened, size), sides, size)
    return blacken_border(square) if borders == "black" else square


def _square(image: Image.Image, sides: tuple[int, int], size: int) -> npt.NDArray[np.uint8]:
    """A picture in the middle of a square; `sides`, width and height, say its shape more exactly than its own do."""
    width, height = size_within(sides, size)
    # Pillow widens the bilinear filter when it shrinks, so this is an average over area, not a sample.
    resized = image if image.size == (width, height) else image.resize((width, height), Image.Resampling.BILINEAR)
    if (width, height) == (size, size):
        return np.asarray(resized, np.uint8)
    square = Image.new("RGB", (size, size), WHITE)
    square.paste(resized, ((size - width) // 2, (size - height) // 2))
    return np.asarray(square, np.uint8)


def size_within(sides: tuple[int, int], size: int) -> tuple[int, int]:
    """Width and height that an image of these sides has within a square."""
    width, height = (max(1, round(side * size / max(sides))) for side in sides)
    return width, height


def _pool(
    outputs: Path,
    snapshot: StageOutput,
    dump: Path,
    size: int,
    borders: Borders,
    limit: int | None,
    num_workers: int,
) -> Pool:
    inputs = {
        "snapshot": snapshot,
        "dump": dump,
        "size": size,
        "borders": borders,
        "limit": limit,
        "num_workers": num_workers,
    }
    return Pool(outputs, resize_images, ("snapshot", "limit"), **inputs)
