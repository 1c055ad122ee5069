"""What was made of the images of several dumps as one output, which costs no further disk."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.dumps.joined_table import IMAGES_FILE
from rakuten.outputs import StageOutput
from rakuten.outputs.pool import SHARDS
from rakuten.stages import stage


@stage(version=1)
def join_images(out: Path, parts: tuple[StageOutput, ...]) -> dict[str, Any]:
    """Link the shards of several outputs of one stage, which hold images by the digest of their bytes.

    Args:
        out: Work folder.
        parts: Outputs of `inspect_images`, of `resize_images` or of `extract_features`, one a dump, made alike.

    Returns:
        Number of shards; an image of several dumps may be in several.

    Output:
        shards/: Hard links to all of theirs. images.parquet: rows of all, where they have it.
    """
    (out / SHARDS).mkdir(exist_ok=True)
    # Named by their content: what two outputs share is linked once.
    shards = {path.name: path for part in parts for path in sorted((part.folder / SHARDS).iterdir())}
    for name, path in shards.items():
        target = out / SHARDS / name
        target.unlink(missing_ok=True)
        target.hardlink_to(path)
    if all(IMAGES_FILE in part.manifest.files for part in parts):
        pq.write_table(pa.concat_tables([pq.read_table(part.file(IMAGES_FILE)) for part in parts]), out / IMAGES_FILE)
    return {"shards": len(shards)}
