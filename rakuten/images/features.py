"""What a frozen, pre-trained backbone sees in each image: computed once, so that heads train in seconds."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rakuten.dumps.snapshot_files import SnapshotFiles
from rakuten.images.arrays import FEATURES, array_table
from rakuten.images.backbones import build_backbone, prepare_pixels
from rakuten.images.resizing import read_square
from rakuten.images.selection import chosen_images
from rakuten.images.weights import WeightsFile, checked_weights
from rakuten.outputs import OutputStore, Pool, StageOutput
from rakuten.recipes import Backbone, Borders
from rakuten.stages import Pending, stage

if TYPE_CHECKING:
    import keras

SHARD_SIZE = 1000
BATCH_SIZE = 32
UNIT = "images"


def count_unextracted(
    store: OutputStore,
    snapshot: StageOutput,
    dump: Path,
    backbone: Backbone,
    weights: WeightsFile | None,
    borders: Borders = "keep",
    limit: int | None = None,
    num_workers: int = 2,
) -> Pending:
    """How many distinct images of a dump this backbone was never shown, in this dump or another."""
    with SnapshotFiles(snapshot, dump) as files:
        pool = _pool(store.folder, snapshot, dump, backbone, weights, borders, limit, num_workers)
        return pool.pending(chosen_images(files.images, limit), UNIT)


@stage(
    version=1,
    libraries=("keras", "pillow", "tensorflow"),
    ignore=("dump", "num_workers"),
    isolated=True,
    pending=count_unextracted,
)
def extract_features(
    out: Path,
    snapshot: StageOutput,
    dump: Path,
    backbone: Backbone,
    weights: WeightsFile | None,
    borders: Borders = "keep",
    limit: int | None = None,
    num_workers: int = 2,
) -> dict[str, int]:
    """Pooled features of every distinct image.

    Args:
        out: Work folder.
        snapshot: `record_snapshot`.
        dump: Where the dump is on this machine.
        backbone: Network and input size.
        weights: As `find_weights` found them; None: random ones, which `backbone.weights` must say.
        borders: What becomes of white borders.
        limit: See `chosen_images`.
        num_workers: Threads that decode.

    Returns:
        Numbers of images worked on now and before, and of features an image.

    Raises:
        DumpError: If an image cannot be read, or changed since the snapshot.
        InputError: If the weights are not those of the backbone.
        WeightsNotFoundError: If the weights are gone or changed.

    Output:
        shards/: digest, features (float32 (num_features,); null where the image does not decode); see `ImageArrays`.
    """
    network = build_backbone(backbone, checked_weights(backbone, weights))
    num_features = int(network.output_shape[-1])
    with SnapshotFiles(snapshot, dump) as files, ThreadPoolExecutor(num_workers, "decode") as threads:

        def compute(digests: Sequence[str]) -> pa.Table:
            squares = threads.map(lambda digest: read_square(files, digest, backbone.input_size, borders), digests)
            return array_table(FEATURES, digests, _features(network, backbone, squares), np.float32, (num_features,))

        pool = _pool(out.parent, snapshot, dump, backbone, weights, borders, limit, num_workers)
        facts = pool.fill(out, chosen_images(files.images, limit), compute, shard_size=SHARD_SIZE, unit=UNIT)
    return {**facts, "features": num_features}


def _features(
    network: "keras.Model", backbone: Backbone, squares: Iterator[npt.NDArray[np.uint8] | None]
) -> list[npt.NDArray[np.float32] | None]:
    """Features of each square, None where there is none; decoding runs ahead in its threads meanwhile."""
    features: list[npt.NDArray[np.float32] | None] = []
    batch: list[npt.NDArray[np.uint8]] = []
    places: list[int] = []
    for place, square in enumerate(squares):
        features.append(None)
        if square is not None:
            batch.append(square)
            places.append(place)
        if len(batch) == BATCH_SIZE:
            _fill(features, places, _pooled(network, backbone, batch))
            batch, places = [], []
    if batch:
        _fill(features, places, _pooled(network, backbone, batch))
    return features


def _fill(
    features: list[npt.NDArray[np.float32] | None], places: Sequence[int], pooled: npt.NDArray[np.float32]
) -> None:
    for place, values in zip(places, pooled, strict=True):
        features[place] = values


def _pooled(
    network: "keras.Model", backbone: Backbone, batch: Sequence[npt.NDArray[np.uint8]]
) -> npt.NDArray[np.float32]:
    # Always full batches: kernels chosen by shape would make an image's features depend on how many came with it.
    filled = np.zeros((BATCH_SIZE, *batch[0].shape), np.uint8)
    filled[: len(batch)] = batch
    pooled = network.predict_on_batch(prepare_pixels(backbone, filled))
    return np.asarray(pooled, np.float32)[: len(batch)]


def _pool(
    outputs: Path,
    snapshot: StageOutput,
    dump: Path,
    backbone: Backbone,
    weights: WeightsFile | None,
    borders: Borders,
    limit: int | None,
    num_workers: int,
) -> Pool:
    inputs = {
        "snapshot": snapshot,
        "dump": dump,
        "backbone": backbone,
        "weights": weights,
        "borders": borders,
        "limit": limit,
        "num_workers": num_workers,
    }
    return Pool(outputs, extract_features, ("snapshot", "limit"), **inputs)
