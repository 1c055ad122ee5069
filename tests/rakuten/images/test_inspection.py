import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rakuten.dumps.snapshot import list_dump, record_snapshot
from rakuten.errors import DumpError
from rakuten.images.inspection import (
    IMAGES_SCHEMA,
    LOOK_SIZE,
    count_uninspected,
    inspect,
    inspect_images,
    look_of,
)
from rakuten.outputs import OutputStore, StageOutput


def picture(seed: int, size: tuple[int, int] = (50, 40)) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


IMAGES = {
    "image_train/image_1_product_1.jpg": jpeg(picture(1)),
    "image_train/image_2_product_2.jpg": jpeg(picture(2), progressive=True),
    "image_train/image_3_product_3.jpg": jpeg(picture(2), progressive=True),
    "image_train/image_4_product_4.jpg": jpeg(picture(4))[:-100],
    "image_test/image_5_product_5.jpg": jpeg(picture(5, (30, 30)).convert("L")),
    "image_test/image_6_product_6.jpg": b"not an image",
}


def write_dump(folder: Path, images: dict[str, bytes]) -> Path:
    folder.mkdir()
    (folder / "X_test_update.csv").write_text(",designation,description,productid,imageid\n0,x,,5,5\n")
    for name, data in images.items():
        path = folder / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


class Inspection:
    def __init__(self, folder: Path) -> None:
        self.store = OutputStore(folder)

    def snapshot(self, dump: Path) -> StageOutput:
        return self.store.run(record_snapshot, listing=list_dump(dump))

    def run(self, dump: Path) -> StageOutput:
        return self.store.run(inspect_images, snapshot=self.snapshot(dump), dump=dump)

    def pending(self, dump: Path) -> tuple[int, int]:
        pending = count_uninspected(self.store, snapshot=self.snapshot(dump), dump=dump)
        return pending.items, pending.total


@pytest.fixture
def inspection(tmp_path: Path) -> Inspection:
    return Inspection(tmp_path / "outputs")


def test_every_image_file_has_a_row(inspection: Inspection, tmp_path: Path) -> None:
    output = inspection.run(write_dump(tmp_path / "dump", IMAGES))
    rows = pd.read_parquet(output.file("images.parquet")).set_index("productid").sort_index()
    assert list(rows.index) == [1, 2, 3, 4, 5, 6]
    assert rows["name"].tolist()[0] == "image_1_product_1.jpg"
    assert rows["part"].tolist() == ["train"] * 4 + ["test"] * 2
    assert rows["imageid"].tolist() == [1, 2, 3, 4, 5, 6]
    assert rows["bytes"].tolist() == [len(data) for data in IMAGES.values()]
    assert rows["width"].tolist()[:5] == [50, 50, 50, 50, 30]
    assert rows["mode"].tolist()[:5] == ["RGB", "RGB", "RGB", "RGB", "L"]
    assert rows["progressive"].tolist()[:3] == [False, True, True]
    assert rows["digest"][2] == rows["digest"][3] != rows["digest"][1]
    assert rows["error"].isna().tolist() == [True, True, True, False, True, False]
    assert "truncated" in rows["error"][4]
    assert "no JPEG" in rows["error"][6]
    assert rows.loc[[4, 6], ["perceptual_hash", "look"]].isna().all(axis=None)


def test_facts_count_duplicates_corrupt_and_progressive_files(inspection: Inspection, tmp_path: Path) -> None:
    assert inspection.run(write_dump(tmp_path / "dump", IMAGES)).facts == {
        "images": 6,
        "duplicates": 1,
        "corrupt": 2,
        "progressive": 2,
        "images_computed": 5,
        "images_reused": 0,
    }


def test_a_later_dump_pays_for_its_new_images_only(inspection: Inspection, tmp_path: Path) -> None:
    monday = write_dump(tmp_path / "monday", IMAGES)
    assert inspection.pending(monday) == (5, 5)
    inspection.run(monday)
    assert inspection.pending(monday) == (0, 5)
    tuesday = write_dump(tmp_path / "tuesday", IMAGES | {"image_test/image_7_product_7.jpg": jpeg(picture(7))})
    assert inspection.pending(tuesday) == (1, 6)
    facts = inspection.run(tuesday).facts
    assert (facts["images_computed"], facts["images_reused"]) == (1, 5)


def test_table_is_the_same_whatever_was_inspected_before(inspection: Inspection, tmp_path: Path) -> None:
    some = dict(list(IMAGES.items())[::2])
    inspection.run(write_dump(tmp_path / "some", some))
    dump = write_dump(tmp_path / "all", IMAGES)
    fresh = Inspection(tmp_path / "other outputs")
    files = [run.run(dump).file("images.parquet").read_bytes() for run in (inspection, fresh)]
    assert files[0] == files[1]


def test_a_dump_without_images_has_an_empty_table(inspection: Inspection, tmp_path: Path) -> None:
    output = inspection.run(write_dump(tmp_path / "dump", {}))
    table = pd.read_parquet(output.file("images.parquet"))
    assert (len(table), list(table.columns)) == (0, IMAGES_SCHEMA.names)
    assert output.facts["images"] == 0


def test_an_image_that_changed_since_the_snapshot_stops_the_stage(inspection: Inspection, tmp_path: Path) -> None:
    dump = write_dump(tmp_path / "dump", IMAGES)
    snapshot = inspection.snapshot(dump)
    (dump / "images/image_train/image_1_product_1.jpg").write_bytes(jpeg(picture(9)))
    with pytest.raises(DumpError, match="the dump changed while it was read"):
        inspection.store.run(inspect_images, snapshot=snapshot, dump=dump)


def test_an_image_too_large_is_listed_and_not_read(
    inspection: Inspection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rakuten.dumps.snapshot_files.MAX_IMAGE_BYTES", 20)
    output = inspection.run(write_dump(tmp_path / "dump", IMAGES))
    assert output.facts["corrupt"] == 6
    assert "expected at most 20" in pd.read_parquet(output.file("images.parquet"))["error"][0]


def test_copies_saved_anew_have_nearly_the_same_colours_and_other_pictures_do_not() -> None:
    original = picture(1, (300, 300))
    copies = (Image.open(io.BytesIO(jpeg(original, quality=60))), original.resize((120, 120)), picture(2, (300, 300)))
    look, *looks = (np.frombuffer(look_of(image), np.uint8).astype(float) for image in (original, *copies))
    distances = [float(np.sqrt(((other - look) ** 2).mean())) for other in looks]
    assert len(look) == 3 * LOOK_SIZE**2
    assert max(distances[:2]) < 2 < distances[2]


def test_findings_on_a_known_picture_have_not_changed_by_themselves() -> None:
    file = io.BytesIO()
    picture(1, (300, 300)).save(file, "PNG")
    findings = inspect(file.getvalue())
    assert findings["perceptual_hash"] == (
        "007e007e007e003e070e070e070e071f001f001f001f00fe00f070f070f070f0"
        "008001e001ff01ff01ff01c3f800fc00fc001c00003800780078007800780030"
    )
    assert findings["white_share"] == 0.0
    assert hashlib.sha256(findings["look"]).hexdigest().startswith("0f15e510be089b8c")


@pytest.mark.parametrize(("colour", "share"), [((255, 255, 255), 1.0), ((0, 0, 255), 0.0)])
def test_white_share_tells_an_empty_picture(colour: tuple[int, int, int], share: float) -> None:
    assert inspect(jpeg(Image.new("RGB", (60, 60), colour)))["white_share"] == share
