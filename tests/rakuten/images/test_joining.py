"""Images of several dumps as one output: every image is found, nothing is copied."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rakuten.dumps.snapshot import list_dump, record_snapshot
from rakuten.images.arrays import ImageArrays
from rakuten.images.inspection import inspect_images
from rakuten.images.joining import join_images
from rakuten.images.resizing import resize_images
from rakuten.outputs import OutputStore, StageOutput

SIZE = 8


@pytest.fixture
def store(tmp_path: Path) -> OutputStore:
    return OutputStore(tmp_path / "outputs")


def dump_of(folder: Path, *colours: int) -> Path:
    """A dump whose photos are of these greys; the photo of an equal grey has equal bytes."""
    images = folder / "images/image_train"
    images.mkdir(parents=True)
    (folder / "X_train_update.csv").write_text(",designation,description,productid,imageid\n")
    for colour in colours:
        Image.new("RGB", (20, 20), (colour,) * 3).save(images / f"image_{colour}_product_{colour}.jpg")
    return folder


def made(store: OutputStore, stage: object, dump: Path, **inputs: object) -> StageOutput:
    snapshot = store.run(record_snapshot, listing=list_dump(dump))
    return store.run(stage, snapshot=snapshot, dump=dump, **inputs)  # type: ignore[arg-type]


def test_images_of_all_dumps_are_found_in_one_output(store: OutputStore, tmp_path: Path) -> None:
    dumps = [dump_of(tmp_path / "first", 10, 200), dump_of(tmp_path / "second", 200, 90)]
    parts = tuple(made(store, resize_images, dump, size=SIZE) for dump in dumps)
    joined = store.run(join_images, parts=parts)
    arrays = ImageArrays(joined.folder, "pixels")
    assert len(arrays.usable) == 3
    shades = {int(np.round(pixels.mean(), -1)) for pixels in arrays.gather(sorted(arrays.usable))}
    assert shades == {10, 90, 200}
    assert all(path.stat().st_nlink > 2 for path in (joined.folder / "shards").iterdir())


def test_findings_of_all_dumps_stand_in_one_table(store: OutputStore, tmp_path: Path) -> None:
    dumps = [dump_of(tmp_path / "first", 10), dump_of(tmp_path / "second", 200, 90)]
    parts = tuple(made(store, inspect_images, dump) for dump in dumps)
    found = pd.read_parquet(store.run(join_images, parts=parts).file("images.parquet"))
    assert found["productid"].tolist() == [10, 200, 90]
