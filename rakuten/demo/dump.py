"""Writes a generated dump: the challenge's files, filled with products that nobody sells.

Facts to know: the folder says in `GENERATED.md` that it is generated and by which parameters. Files appear whole or not
at all, photos first and `X_train_update.csv` last, so a killed generation continues where it stopped and a folder with
that file is complete.
"""

import csv
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rakuten.demo.images import product_photo
from rakuten.demo.products import UNKNOWN_CODE, Broken, Part, Product, broken_positions, plan_products
from rakuten.demo.text import product_texts
from rakuten.demo.workers import MapChunks, worker_processes
from rakuten.dumps.generated_marker import DumpParameters, claim_folder
from rakuten.errors import InputError
from rakuten.outputs.atomic import whole_file, write_whole

FEATURES = {Part.TRAIN: "X_train_update.csv", Part.TEST: "X_test_update.csv"}
LABELS = "y_train_CVw08PX.csv"
IMAGES = {Part.TRAIN: Path("images/image_train"), Part.TEST: Path("images/image_test")}
HEADER = ("", "designation", "description", "productid", "imageid")
ROWS_A_CHUNK = 500
PHOTOS_A_CHUNK = 25

Row = tuple[str, str, int, int]
OnProgress = Callable[[int, int], None]
Faults = Mapping[int, Broken]


def write_demo_dump(
    folder: Path,
    *,
    num_products: int = 2000,
    num_test_products: int | None = None,
    seed: int = 0,
    image_size: int = 500,
    num_images: int | None = None,
    broken_rows: bool = True,
    num_workers: int | None = None,
    on_progress: OnProgress | None = None,
) -> None:
    """Write a generated dump in the challenge's layout.

    Dumps of one seed start with the same products whatever their size.

    Args:
        folder: Where; absent, empty, or a dump of the same parameters, of which what is missing is made.
        num_products: Labelled products (train); 84,916 gives exactly the published class counts.
        num_test_products: Products without a label (test); None: a tenth of `num_products`.
        seed: Decides everything that is drawn; not negative.
        image_size: Width and height of the photos in pixels, at least 16.
        num_images: At most this many products of each part, the first ones, have a photo; None: all; 0: no photos.
        broken_rows: Whether a handful of train rows is broken as in real deliveries; see `Broken`.
        num_workers: Processes; None: by cores and amount of work; 1: none but this one. No byte depends on it. With
            more than one, the program's entry needs the usual `if __name__ == "__main__"` guard.
        on_progress: Called with the number of rows and photos done and their total.

    Raises:
        InputError: If a number is out of range, or the folder holds anything but a dump of these parameters.

    Output:
        `X_train_update.csv`, `y_train_CVw08PX.csv`, `X_test_update.csv`, `images/image_train/*.jpg`,
        `images/image_test/*.jpg` and `GENERATED.md`.
    """
    if num_test_products is None:
        num_test_products = num_products // 10
    if num_workers is not None and num_workers < 1:
        raise InputError(f"generated dump: expected num_workers of at least 1, received {num_workers}")
    parameters = DumpParameters(num_products, num_test_products, seed, image_size, num_images, broken_rows)
    claim_folder(folder, parameters)
    train = _Rows(plan_products(num_products, seed, Part.TRAIN), 0, {})
    # The test part has no faults: a prediction can be asked for every one of its rows.
    test = _Rows(plan_products(num_test_products, seed, Part.TEST), num_products, {})
    if broken_rows:
        train = _with_faults(train, broken_positions(num_products, seed))
    photos = [_photos_to_make(folder, rows, num_images) for rows in (train, test)]
    total = num_products + num_test_products + sum(map(len, photos))
    report = _counter(total, on_progress)
    with worker_processes(num_workers, total) as map_chunks:
        for products in photos:
            write = functools.partial(_write_photos, folder=folder, parameters=parameters, faults=train.faults)
            for written in map_chunks(write, _chunks(products, PHOTOS_A_CHUNK)):
                report(written)
        if num_test_products:
            _write_features(folder / FEATURES[Part.TEST], test, seed, map_chunks, report)
        _write_labels(folder / LABELS, train)
        _write_features(folder / FEATURES[Part.TRAIN], train, seed, map_chunks, report)


def image_name(product: Product) -> str:
    """The name of a product's photo in the challenge's layout."""
    return f"image_{product.imageid}_product_{product.productid}.jpg"


@dataclass(frozen=True)
class _Rows:
    """The rows of one part: products, the index of the first one, and which positions are broken in which way."""

    products: list[Product]
    first_index: int
    faults: Faults


def _with_faults(rows: _Rows, faults: Faults) -> _Rows:
    products = list(rows.products)
    for position, fault in faults.items():
        if fault is Broken.REPEATED_PRODUCTID:
            productid = products[position - 1].productid
            products[position] = products[position]._replace(productid=productid)
    return _Rows(products, rows.first_index, faults)


def _photos_to_make(folder: Path, rows: _Rows, limit: int | None) -> list[Product]:
    """The products whose photo should be there and is not."""
    wanted = rows.products[:limit]
    if not wanted:
        return []
    target = folder / IMAGES[wanted[0].part]
    target.mkdir(parents=True, exist_ok=True)
    present = {path.name for path in target.iterdir()}
    return [
        product
        for product in wanted
        if image_name(product) not in present and rows.faults.get(product.position) is not Broken.MISSING_IMAGE
    ]


def _write_photos(products: Sequence[Product], folder: Path, parameters: DumpParameters, faults: Faults) -> int:
    """Write the photos of a chunk; faults strike the train part only. Returns how many were written."""
    for product in products:
        content = product_photo(product, parameters.seed, parameters.image_size)
        if product.part is Part.TRAIN and faults.get(product.position) is Broken.CORRUPT_IMAGE:
            content = content[: len(content) // 2]
        with whole_file(folder / IMAGES[product.part] / image_name(product)) as temporary:
            temporary.write_bytes(content)
    return len(products)


def _write_features(path: Path, rows: _Rows, seed: int, map_chunks: MapChunks, report: Callable[[int], None]) -> None:
    if path.is_file():
        report(len(rows.products))
        return
    make_rows = functools.partial(_row_chunk, seed=seed, faults=rows.faults)
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        index = rows.first_index
        for chunk in map_chunks(make_rows, _chunks(rows.products, ROWS_A_CHUNK)):
            writer.writerows((index + place, *row) for place, row in enumerate(chunk))
            index += len(chunk)
            report(len(chunk))


def _row_chunk(products: Sequence[Product], seed: int, faults: Faults) -> list[Row]:
    rows = []
    for product in products:
        designation, description = product_texts(product, seed)
        fault = faults.get(product.position)
        if fault is Broken.BLANK_DESIGNATION:
            designation = " "
        elif fault is Broken.CONTROL_CHARACTERS:
            designation = f"\x07{designation[:120]}\ufffd\x1b"
            description = f"\u200b\x0b\ufffd{description or ''}\x7f"
        rows.append((designation, description or "", product.productid, product.imageid))
    return rows


def _write_labels(path: Path, rows: _Rows) -> None:
    lines = [",prdtypecode"]
    for product in rows.products:
        unknown = rows.faults.get(product.position) is Broken.UNKNOWN_CLASS
        lines.append(f"{product.position},{UNKNOWN_CODE if unknown else product.code}")
    write_whole(path, "\n".join(lines) + "\n")


def _chunks(products: list[Product], size: int) -> list[list[Product]]:
    return [products[start : start + size] for start in range(0, len(products), size)]


def _counter(total: int, on_progress: OnProgress | None) -> Callable[[int], None]:
    done = 0

    def report(count: int) -> None:
        nonlocal done
        done += count
        if on_progress is not None:
            on_progress(done, total)

    return report
