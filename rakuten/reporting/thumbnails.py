"""The stage that makes small pictures of the products a report shows."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from rakuten.dumps.snapshot_files import SnapshotFiles
from rakuten.images.resizing import read_square
from rakuten.outputs import StageOutput
from rakuten.reporting.examples import EXAMPLES
from rakuten.stages import stage

THUMBNAILS = "thumbnails.parquet"

# Pixels: sharp at half the size on a telephone, some 3 KB a picture.
SIZE = 128
QUALITY = 70


@stage(version=1, libraries=("pillow",), ignore=("dumps",))
def cut_thumbnails(
    out: Path, examples: StageOutput, snapshots: tuple[StageOutput, ...], dumps: tuple[Path, ...]
) -> dict[str, Any]:
    """Make a thumbnail of the image of every example product.

    Args:
        out: Work folder.
        examples: `pick_examples`.
        snapshots: `record_snapshot` of each dump that has images.
        dumps: Where each of them is on this machine.

    Returns:
        Facts: thumbnails, bytes.

    Raises:
        DumpError: If an image cannot be read, or changed since the snapshot.

    Output:
        thumbnails.parquet: digest (of the image), webp (bytes of the thumbnail).
    """
    digests = pd.read_parquet(examples.file(EXAMPLES), columns=["image_digest"])["image_digest"].dropna().unique()
    made: dict[str, bytes] = {}
    for snapshot, dump in zip(snapshots, dumps, strict=True):
        with SnapshotFiles(snapshot, dump) as files:
            for digest in sorted(set(digests) & set(files.images.values()) - made.keys()):
                pixels = read_square(files, digest, SIZE)
                if pixels is not None:
                    made[digest] = _thumbnail(pixels)
    table = pa.table({"digest": pa.array(made, pa.string()), "webp": pa.array(list(made.values()), pa.binary())})
    pq.write_table(table, out / THUMBNAILS)
    return {"thumbnails": len(made), "bytes": sum(map(len, made.values()))}


def _thumbnail(pixels: npt.NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=QUALITY, method=4)
    return file.getvalue()
