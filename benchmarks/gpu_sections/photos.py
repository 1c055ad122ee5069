"""Generated images: decoding, the image store, random gathers from it; examples that other sections train on."""

import json
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from rakuten.training.image_examples import gather_images

from gpu_sections.context import Context, timed
from rakuten.catalogue.classes import CODES
from rakuten.demo.dump import write_demo_dump
from rakuten.dumps.layout import X_TRAIN, Y_TRAIN
from rakuten.dumps.snapshot import list_dump, record_snapshot
from rakuten.dumps.snapshot_files import SnapshotFiles
from rakuten.images.arrays import PIXELS, ImageArrays
from rakuten.images.resizing import decode_square, resize_images
from rakuten.outputs import OutputStore
from rakuten.training.examples import Examples
from rakuten.training.networks.steps import Rows

INDEX = "photos.json"
# Images that each thread decodes for a figure.
DECODED_A_THREAD = 100


def run(context: Context) -> None:
    """Generate a dump, decode it with several thread counts, store squares of each size, gather at random."""
    scale, dump = context.scale, context.work / "dump"
    store = OutputStore(context.work / "outputs")
    with timed() as clock:
        write_demo_dump(
            dump,
            num_products=scale.num_images,
            num_test_products=1,
            image_size=scale.image_size,
            broken_rows=False,
            num_workers=os.cpu_count(),
        )
        snapshot = store.run(record_snapshot, listing=list_dump(dump))
    with SnapshotFiles(snapshot, dump) as files:
        digests = {Path(name).name: digest for name, digest in files.images.items()}
        encoded = [files.read_image(digest) for digest in list(digests.values())[: 16 * DECODED_A_THREAD]]
    size_kb = float(np.mean([len(data) for data in encoded])) / 1000
    context.emit(generated=len(digests), generated_s=clock.seconds, jpeg_kb=size_kb, cores=os.cpu_count())
    for threads in scale.decode_threads:
        context.emit(decoding_threads=threads, images_per_s=_decoding(encoded, threads, scale.image_sizes[-1]))
    folders = {}
    for size in scale.image_sizes:
        with timed() as clock:
            made = store.run(resize_images, snapshot=snapshot, dump=dump, size=size, num_workers=os.cpu_count())
        folders[size] = str(made.folder)
        context.emit(stored_size=size, images_per_s=len(digests) / clock.seconds)
    products = _products(dump, digests, ImageArrays(made.folder, PIXELS).usable)
    content = {"folders": folders, "digests": products["digest"].tolist(), "codes": products["code"].tolist()}
    (context.work / INDEX).write_text(json.dumps(content), "utf-8")
    for size in scale.image_sizes:
        context.emit(gather_size=size, **_gathering(Photos(context, size), context))


class Photos:
    """The stored squares of one size, and examples made of them.

    Args:
        context: Of a section that runs after this one.
        size: One of the scale's sizes, pixels.

    Attributes:
        num_images: Distinct images with a class.
        shape: (size, size, 3).
    """

    def __init__(self, context: Context, size: int) -> None:
        path = context.work / INDEX
        if not path.is_file():
            raise FileNotFoundError("the section `photos` has to end first: it makes the images")
        content = json.loads(path.read_text("utf-8"))
        arrays = ImageArrays(Path(content["folders"][str(size)]), PIXELS)
        self.num_images = len(content["digests"])
        self.shape = tuple(arrays.shape)
        self._gather = gather_images(arrays, content["digests"])
        self._targets = np.array([CODES.index(code) for code in content["codes"]], np.int64)

    def gather(self, indices: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """uint8 (batch_size, size, size, 3); indices beyond the last image begin anew."""
        pixels = self._gather(indices % self.num_images)
        assert isinstance(pixels, np.ndarray)
        return pixels

    def rows(self, num_rows: int) -> Rows:
        """So many train rows; images repeat."""
        return Rows(self.gather, np.resize(self._targets, num_rows))

    def examples(self, counts: dict[str, int]) -> Examples:
        """Examples of each split, in this order; images repeat."""
        splits = np.repeat(list(counts), list(counts.values()))
        return Examples(np.arange(len(splits)), np.resize(self._targets, len(splits)), splits, self.gather)


def _decoding(encoded: Sequence[bytes], threads: int, size: int) -> float:
    """Images a second, decoded to squares by the library's decoder."""
    chosen = encoded[: threads * DECODED_A_THREAD]
    with ThreadPoolExecutor(threads) as pool, timed() as clock:
        list(pool.map(lambda data: decode_square(data, size), chosen))
    return len(chosen) / clock.seconds


def _products(dump: Path, digests: dict[str, str], usable: frozenset[str]) -> pd.DataFrame:
    """Columns digest and code of products with a usable image, in a random order."""
    products = pd.read_csv(dump / X_TRAIN, index_col=0).join(pd.read_csv(dump / Y_TRAIN, index_col=0))
    names = [f"image_{row.imageid}_product_{row.productid}.jpg" for row in products.itertuples()]
    products["digest"] = [digests.get(name) for name in names]
    products = products[products["digest"].isin(usable) & products["prdtypecode"].isin(CODES)]
    products["code"] = products["prdtypecode"].astype(int)
    return products.drop_duplicates("digest").sample(frac=1, random_state=0)


def _gathering(photos: Photos, context: Context) -> dict[str, float]:
    """Random batches from the memory-mapped store, as a training reads them."""
    batch, rng = context.scale.gather_batch, np.random.default_rng(0)
    photos.gather(np.arange(photos.num_images))
    durations: list[float] = []
    start = time.perf_counter()
    while time.perf_counter() - start < context.scale.seconds / 4:
        with timed() as clock:
            photos.gather(rng.integers(0, photos.num_images, batch))
        durations.append(clock.seconds)
    return {"images_per_s": batch / float(np.mean(durations)), "ms_a_batch": 1000 * float(np.mean(durations))}
