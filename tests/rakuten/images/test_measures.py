"""Measures of pictures whose measures are known."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageDraw

from rakuten.dumps.snapshot import list_dump, record_snapshot
from rakuten.images.inspection import inspect_images
from rakuten.images.measures import WHITE_GROUND_FROM, margins_off, measure, measure_images
from rakuten.images.resizing import resize_images
from rakuten.outputs import OutputStore
from rakuten.outputs.pool import Shards

SIZE = 64


def page(
    box: tuple[int, int, int, int] | None, colour: str = "black", size: tuple[int, int] = (SIZE, SIZE)
) -> np.ndarray:
    image = Image.new("RGB", size, "white")
    if box:
        ImageDraw.Draw(image).rectangle(box, fill=colour)
    return np.asarray(image)


def test_a_small_thing_on_white_gains_by_a_crop() -> None:
    found = measure(page((16, 24, 47, 39)))
    assert found["rim_white"] == 1
    assert found["filled"] == pytest.approx(32 * 16 / 64**2)
    assert found["crop_gain"] == pytest.approx(2)


def test_a_photo_that_fills_its_frame_gains_nothing() -> None:
    found = measure(page((0, 0, 63, 63), "red"))
    assert (found["rim_white"], found["filled"], found["crop_gain"]) == (0, 1, 1)
    assert (found["saturation"], found["contrast"]) == (1, pytest.approx(0))
    assert found["brightness"] == pytest.approx(0.299)


def test_an_empty_page_has_nothing_to_crop_to() -> None:
    found = measure(page(None))
    assert (found["filled"], found["crop_gain"], found["brightness"]) == (None, None, 1)


def test_a_thing_cut_off_at_one_side_stands_on_white_still_and_a_page_with_bars_does_not() -> None:
    assert measure(page((10, 10, 53, 63)))["rim_white"] >= WHITE_GROUND_FROM
    assert measure(page((10, 0, 53, 63)))["rim_white"] < WHITE_GROUND_FROM


def test_the_margins_that_made_it_square_are_not_the_photo() -> None:
    narrow = page((0, 0, 31, 63), "blue", (32, 64))
    square = np.full((64, 64, 3), 255, np.uint8)
    square[:, 16:48] = narrow
    assert measure(margins_off(square, (250, 500)))["rim_white"] == 0


def write_dump(dump: Path, boxes: list[tuple[int, int, int, int]]) -> Path:
    """An unlabelled dump with a photo of each box, and a file that is no image."""
    folder = dump / "images" / "image_test"
    folder.mkdir(parents=True)
    (dump / "X_test_update.csv").write_text(",designation,description,productid,imageid\n0,x,,5,5\n", "utf-8")
    for number, box in enumerate(boxes):
        Image.fromarray(page(box)).resize((300, 300)).save(folder / f"image_{number}_product_{number}.jpg")
    (folder / "image_7_product_7.jpg").write_bytes(b"no image")
    return dump


def test_every_image_that_decodes_is_measured_once(tmp_path: Path) -> None:
    dump = write_dump(tmp_path / "dump", [(10, 10, 40, 40), (0, 0, 63, 63)])
    store = OutputStore(tmp_path / "outputs")
    snapshot = store.run(record_snapshot, listing=list_dump(dump))
    images = store.run(inspect_images, snapshot=snapshot, dump=dump)
    squares = store.run(resize_images, snapshot=snapshot, dump=dump, size=SIZE)
    measured = store.run(measure_images, squares=squares, images=images, size=SIZE)
    assert measured.facts == {"images_computed": 2, "images_reused": 0}
    (table,) = Shards(measured.folder).tables
    found = table.to_pandas().merge(pd.read_parquet(images.file("images.parquet")), on="digest")
    assert set(found["productid"]) == {0, 1}
    assert found.set_index("productid")["rim_white"].to_dict() == pytest.approx({0: 1, 1: 0}, abs=0.02)


def test_images_of_another_dump_in_the_same_shard_are_not_measured(tmp_path: Path) -> None:
    boxes = [(10, 10, 40, 40), (0, 0, 63, 63), (5, 5, 50, 50)]
    large, small = write_dump(tmp_path / "large", boxes), write_dump(tmp_path / "small", boxes[:1])
    store = OutputStore(tmp_path / "outputs")
    snapshots = {dump: store.run(record_snapshot, listing=list_dump(dump)) for dump in (large, small)}
    squares = [store.run(resize_images, snapshot=found, dump=dump, size=SIZE) for dump, found in snapshots.items()]
    images = store.run(inspect_images, snapshot=snapshots[small], dump=small)
    measured = store.run(measure_images, squares=squares[1], images=images, size=SIZE)
    assert measured.facts == {"images_computed": 1, "images_reused": 0}
