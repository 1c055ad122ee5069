"""Stage `classify_products`: batch inference with a model package, in constant memory, resumable by batch.

Each batch of predictions is stored immediately, so a kill loses at most one.
"""

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from rakuten.catalogue.classes import NUM_CLASSES
from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.dumps.layout import Part
from rakuten.errors import PackageError
from rakuten.outputs import SCRATCH, StageOutput, report_progress
from rakuten.outputs.atomic import make_folder, remove, require_regular, whole_file
from rakuten.outputs.stage_output import file_digest
from rakuten.prediction.members import Members
from rakuten.prediction.package import ModelPackage, ModelVariant, open_package
from rakuten.stages import stage

logger = logging.getLogger(__name__)

BATCHES = "batches"
# Batch size in products: some seconds of inference.
BATCH = 8_192
READ_BYTES = 1_000_000


@stage(version=2, libraries=("numpy", "scikit-learn"), isolated=True)
def classify_products(
    out: Path,
    package: ModelPackage,
    clean: StageOutput,
    part: Part,
    images: Mapping[str, StageOutput],
    variant: ModelVariant,
) -> dict[str, Any]:
    """Predict all products of a part with the models of a package, and fuse the probabilities.

    Args:
        out: Work folder; its scratch has the batches of an interrupted attempt.
        package: Model package; its files are verified again.
        clean: `clean_products` with the cleaning of the package.
        part: Part of the dump.
        images: `resize_images` or `extract_features` by name of each model that uses images; empty for a dump without
            images, which is classified by text only.
        variant: Scored or refitted models.

    Returns:
        Facts: products, without_image, resumed (products predicted by an interrupted attempt), products_per_second (of
        the others, without model loading).

    Raises:
        PackageError: If the package is damaged, changed, or has no usable model.
        OutputError: If the dump does not have the part.
        MismatchError: If no model can predict a product.

    Output:
        probabilities.parquet: Of all products of the part, in its order.
    """
    opened = open_package(package.folder)
    if opened.key != package.key:
        raise PackageError(f"{package.folder} was replaced meanwhile: expected {package.key}, received {opened.key}")
    # Streamed page by page: a part may be a single row group of a million rows.
    source = pq.ParquetFile(clean.file(f"{part}.parquet"), buffer_size=READ_BYTES, pre_buffer=False)
    total = source.metadata.num_rows
    batches = out / SCRATCH / BATCHES
    make_folder(batches)
    paths: list[Path] = []
    done = resumed = without_image = 0
    with Members.read(opened, variant, images) as members:
        started = time.monotonic()
        for number, products in enumerate(_batches(source, {*members.columns, "image_digest"})):
            finished = _find_batch(batches, number)
            resumed += len(products) if finished else 0
            paths.append(finished or _write_batch(batches, number, members.answer(products)))
            done += len(products)
            without_image += int(products["image_digest"].isna().sum())
            report_progress(done, total, "products")
    seconds = time.monotonic() - started
    _join(paths, out / PROBABILITIES)
    return {
        "products": total,
        "without_image": without_image,
        "resumed": resumed,
        "products_per_second": round((total - resumed) / seconds),
    }


def _batches(source: pq.ParquetFile, columns: Iterable[str]) -> Iterator[pd.DataFrame]:
    """Batches of `BATCH` products, in order."""
    for batch in source.iter_batches(BATCH, columns=sorted(columns)):
        yield batch.to_pandas()


def _find_batch(batches: Path, number: int) -> Path | None:
    """Stored predictions of a batch from an interrupted attempt; damaged files are removed."""
    for path in batches.glob(f"{number:06}-*.parquet"):
        try:
            require_regular(path)
            if path.stem.endswith(file_digest(path).sha256):
                return path
            reason = "its content is not the one it is named by"
        except OSError as error:
            reason = str(error.strerror)
        logger.warning("batch %s is damaged (%s); its products will be predicted again", path.name, reason)
        remove(path)
    return None


def _write_batch(batches: Path, number: int, predictions: Probabilities) -> Path:
    """Write the predictions of a batch to a file named by its number and SHA-256."""
    draft = batches / f"draft-{number:06}"
    with whole_file(draft) as temporary:
        predictions.write(temporary)
    return draft.rename(batches / f"{number:06}-{file_digest(draft).sha256}.parquet")


def _join(paths: Iterable[Path], target: Path) -> None:
    """Concatenate files, with one in memory at a time."""
    nothing = Probabilities(np.empty(0, np.int64), np.empty((0, NUM_CLASSES), np.float32))
    nothing.write(target)
    with pq.ParquetWriter(target, pq.read_schema(target)) as writer:
        for path in paths:
            writer.write_table(pq.read_table(path))
