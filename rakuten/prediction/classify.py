"""The stage that classifies products: all models of a package asked batch by batch, in memory that does not grow.

Every batch is kept as soon as it is answered, so a kill loses one.
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
# Products whose texts, features and answers are held at a time: some seconds of work.
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
    """Ask the models of a package for every product of a part, and fuse what they say.

    Args:
        out: Work folder; batches of an interrupted attempt are in its scratch.
        package: The models; its files are checked again.
        clean: `clean_products`, cleaned as the package says.
        part: Which products.
        images: By name of each model that reads images, `resize_images` or `extract_features` made as its recipe says;
            none for products without images, which are classified by their texts alone.
        variant: Which variant of the models predicts.

    Returns:
        Facts: products, without_image, resumed (products that an interrupted attempt had answered), products_per_second
        (of the others, without the time it takes to read the models).

    Raises:
        PackageError: If the package is damaged, changed since, or holds nothing that could be asked.
        OutputError: If the dump did not hold the part.
        MismatchError: If a product is one that no model can see.

    Output:
        probabilities.parquet: Of every product of the part, in its order.
    """
    opened = open_package(package.folder)
    if opened.key != package.key:
        raise PackageError(f"{package.folder} was replaced meanwhile: expected {package.key}, received {opened.key}")
    # Read page by page: a part may be one group of a million rows.
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
    """Products in their order, `BATCH` at a time."""
    for batch in source.iter_batches(BATCH, columns=sorted(columns)):
        yield batch.to_pandas()


def _find_batch(batches: Path, number: int) -> Path | None:
    """Predictions of a batch that an interrupted attempt left; damaged ones are dropped."""
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
    """Store the predictions of a batch in a file named by its number and SHA-256."""
    draft = batches / f"draft-{number:06}"
    with whole_file(draft) as temporary:
        predictions.write(temporary)
    return draft.rename(batches / f"{number:06}-{file_digest(draft).sha256}.parquet")


def _join(paths: Iterable[Path], target: Path) -> None:
    """One file of the rows of several, held one at a time."""
    nothing = Probabilities(np.empty(0, np.int64), np.empty((0, NUM_CLASSES), np.float32))
    nothing.write(target)
    with pq.ParquetWriter(target, pq.read_schema(target)) as writer:
        for path in paths:
            writer.write_table(pq.read_table(path))
