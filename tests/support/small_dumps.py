"""A small sound dump that tests break, and the way from a dump to its products."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from rakuten.catalogue.classes import CODES
from rakuten.dumps.layout import X_TEST, X_TRAIN, Y_TRAIN
from rakuten.dumps.products import read_products
from rakuten.dumps.snapshot import DumpListing, list_dump, record_snapshot
from rakuten.outputs import OutputStore, StageOutput

NUM_TRAIN = 54
NUM_TEST = 6

Rows = list[list[str]]


class SmallDump:
    """A dump in memory: tests change its tables and images, then write it.

    Record n of the train part has index n - 1, productid 1000 + n and imageid 5000 + n; the test part goes on counting.
    """

    def __init__(self) -> None:
        header = ["", "designation", "description", "productid", "imageid"]
        self.tables: dict[str, Rows] = {
            X_TRAIN: [header, *(self.record(number) for number in range(1, NUM_TRAIN + 1))],
            Y_TRAIN: [["", "prdtypecode"], *([str(row), str(CODES[row % 27])] for row in range(NUM_TRAIN))],
            X_TEST: [header, *(self.record(number) for number in range(NUM_TRAIN + 1, NUM_TRAIN + NUM_TEST + 1))],
        }
        self.images = {self.image_of(number): jpeg(number) for number in range(1, NUM_TRAIN + NUM_TEST + 1)}

    @staticmethod
    def record(number: int) -> list[str]:
        description = f'Très "beau",\nno {number}' if number % 3 else ""
        return [str(number - 1), f"Produit été no {number}", description, str(1000 + number), str(5000 + number)]

    @staticmethod
    def image_of(number: int) -> str:
        part = "train" if number <= NUM_TRAIN else "test"
        return f"image_{part}/image_{5000 + number}_product_{1000 + number}.jpg"

    def write(self, folder: Path, *, zipped: bool = False, prefix: str = "") -> Path:
        folder.mkdir(parents=True)
        for name, rows in self.tables.items():
            (folder / name).write_bytes(csv_bytes(rows))
        if zipped:
            with zipfile.ZipFile(folder / "images.zip", "w") as archive:
                for name, data in self.images.items():
                    archive.writestr(prefix + name, data)
            return folder
        for name, data in self.images.items():
            path = folder / "images" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder


def csv_bytes(rows: Rows) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def jpeg(number: int, *, progressive: bool = False) -> bytes:
    pixels = np.random.default_rng(number).integers(0, 256, (4, 5, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).resize((50, 40)).save(file, "JPEG", progressive=progressive)
    return file.getvalue()


class Reading:
    """Runs the first stages on a dump."""

    def __init__(self, folder: Path) -> None:
        self.store = OutputStore(folder)

    def snapshot(self, dump: Path, listing: DumpListing | None = None) -> StageOutput:
        return self.store.run(record_snapshot, listing=listing or list_dump(dump))

    def products(self, dump: Path) -> StageOutput:
        return self.store.run(read_products, snapshot=self.snapshot(dump), dump=dump)

    def rejected(self, dump: Path) -> list[tuple[str, int, str]]:
        """(file, row, reason) of every rejected record."""
        return [(row["file"], row["row"], row["reason"]) for row in self._rejected(dump)]

    def details(self, dump: Path) -> list[str]:
        return [row["detail"] for row in self._rejected(dump)]

    def _rejected(self, dump: Path) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(self.products(dump).file("rejected.parquet")).to_pylist()
        return rows


@pytest.fixture
def small_dump() -> SmallDump:
    return SmallDump()


@pytest.fixture
def reading(tmp_path: Path) -> Reading:
    return Reading(tmp_path / "outputs")
