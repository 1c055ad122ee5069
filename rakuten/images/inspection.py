"""Looking at every image once: does it decode, what is it like, which are the same."""

import functools
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from rakuten.dumps.layout import IMAGE_FOLDERS, ids_of_image
from rakuten.dumps.snapshot_files import SnapshotFiles
from rakuten.errors import ImageError
from rakuten.images.borders import WHITE_FROM
from rakuten.images.decoding import decode, open_image
from rakuten.images.perceptual_hash import difference_hash
from rakuten.outputs import OutputStore, Pool, StageOutput
from rakuten.outputs.pool import Shards
from rakuten.stages import Pending, stage

logger = logging.getLogger(__name__)

IMAGES_FILE = "images.parquet"
SHARD_SIZE = 2000
UNIT = "images"

# Enough for the perceptual hash; a JPEG decoded no larger than needed costs less than half.
INSPECTED_SIZE = 96
# Small enough to be kept for every image, large enough that of 540 real photos no two are as close as copies are.
LOOK_SIZE = 12

FINDINGS_SCHEMA = pa.schema(
    [
        ("digest", pa.string()),
        ("bytes", pa.int64()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("mode", pa.string()),
        ("progressive", pa.bool_()),
        ("perceptual_hash", pa.string()),
        ("look", pa.binary()),
        ("white_share", pa.float64()),
        ("error", pa.string()),
    ]
)
# One row an image file: where it stands and whose it is, then what its bytes are like.
IMAGES_SCHEMA = pa.schema(
    [
        ("name", pa.string()),
        ("part", pa.string()),
        ("imageid", pa.int64()),
        ("productid", pa.int64()),
        *FINDINGS_SCHEMA,
    ]
)


def count_uninspected(store: OutputStore, snapshot: StageOutput, dump: Path, num_workers: int = 2) -> Pending:
    """How many distinct images of a dump were never looked at, in this dump or another."""
    with SnapshotFiles(snapshot, dump) as files:
        return _pool(store.folder, snapshot, dump, num_workers).pending(files.images.values(), UNIT)


@stage(version=1, libraries=("pillow",), ignore=("dump", "num_workers"), pending=count_uninspected)
def inspect_images(out: Path, snapshot: StageOutput, dump: Path, num_workers: int = 2) -> Mapping[str, int]:
    """Decode every distinct image once and record what it is like.

    Args:
        out: Output folder.
        snapshot: Output of `record_snapshot`.
        dump: Where the dump is on this machine.
        num_workers: Threads that decode.

    Returns:
        Numbers of images, of duplicates (images whose bytes an image before them has), corrupt and progressive
        ones, and of those decoded now and before.

    Raises:
        DumpError: If an image cannot be read, or changed since the snapshot.

    Output:
        images.parquet: one row an image file: name, part, imageid, productid, digest (SHA-256 of the bytes), bytes,
            width, height (pixels), mode (Pillow's), progressive, perceptual_hash (`difference_hash`), look (`look_of`),
            white_share (0..1), error; sorted by part and name. Where the image does not decode, `error` says why and
            what is not known is null.
        shards/: the same by digest, shared with other outputs.
    """
    with SnapshotFiles(snapshot, dump) as files, ThreadPoolExecutor(num_workers, "inspect") as threads:
        images = files.images
        look = functools.partial(_look, files)
        facts = _pool(out.parent, snapshot, dump, num_workers).fill(
            out,
            images.values(),
            lambda digests: pa.Table.from_pylist(list(threads.map(look, digests)), schema=FINDINGS_SCHEMA),
            shard_size=SHARD_SIZE,
            unit=UNIT,
        )
    table = _by_file(images, Shards(out))
    pq.write_table(table, out / IMAGES_FILE)
    progressive = sum(value is True for value in table.column("progressive").to_pylist())
    return {
        "images": len(images),
        "duplicates": len(images) - len(set(images.values())),
        "corrupt": len(table) - table.column("error").null_count,
        "progressive": progressive,
        **facts,
    }


def inspect(data: bytes) -> dict[str, Any]:
    """What one image is like.

    Args:
        data: The file's bytes.

    Returns:
        The columns of `FINDINGS_SCHEMA` but the digest.
    """
    findings: dict[str, Any] = {"bytes": len(data)}
    try:
        image = open_image(data)
        findings |= {
            "width": image.width,
            "height": image.height,
            "mode": image.mode,
            "progressive": bool(image.info.get("progressive")),
        }
        picture = decode(image, INSPECTED_SIZE)
    except ImageError as error:
        return findings | {"error": str(error)}
    pixels = np.asarray(picture)
    white_share = float((pixels >= WHITE_FROM).all(axis=-1).mean())
    seen = {"perceptual_hash": difference_hash(picture), "look": look_of(picture)}
    return findings | seen | {"white_share": round(white_share, 4)}


def look_of(picture: Image.Image) -> bytes:
    """The picture's colours, coarsely: a square of 12×12 RGB pixels, row by row, 432 bytes.

    Copies of a picture saved anew in another size or quality differ by at most 2 levels of 255 (root mean square).
    """
    return picture.resize((LOOK_SIZE, LOOK_SIZE), Image.Resampling.BILINEAR).tobytes()


def _look(files: SnapshotFiles, digest: str) -> dict[str, Any]:
    try:
        return inspect(files.read_image(digest)) | {"digest": digest}
    except ImageError as error:
        return {"digest": digest, "error": str(error)}


def _pool(outputs: Path, snapshot: StageOutput, dump: Path, num_workers: int) -> Pool:
    return Pool(outputs, inspect_images, ("snapshot",), snapshot=snapshot, dump=dump, num_workers=num_workers)


def _by_file(images: Mapping[str, str], shards: Shards) -> pa.Table:
    """One row an image file, from findings by digest."""
    names = sorted(images)
    findings = shards.table([images[name] for name in names]) if names else FINDINGS_SCHEMA.empty_table()
    ids = [ids_of_image(name.partition("/")[2]) for name in names]
    columns: dict[str, Sequence[Any] | pa.ChunkedArray] = {
        "name": [name.partition("/")[2] for name in names],
        "part": [IMAGE_FOLDERS[name.partition("/")[0]] for name in names],
        "imageid": [pair[0] if pair else None for pair in ids],
        "productid": [pair[1] if pair else None for pair in ids],
    }
    columns |= {name: findings.column(name) for name in FINDINGS_SCHEMA.names}
    return pa.table(columns, IMAGES_SCHEMA)
