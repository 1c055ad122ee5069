import hashlib
import io
import multiprocessing
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rakuten.catalogue.classes import CLASSES, CODES, LABELS
from rakuten.demo.dump import image_name, write_demo_dump
from rakuten.demo.images import LOOKS, product_photo
from rakuten.demo.products import (
    UNKNOWN_CODE,
    Broken,
    Part,
    broken_positions,
    label_sequence,
    plan_products,
)
from rakuten.demo.text import LONGEST_DESIGNATION, product_texts
from rakuten.demo.words import LANGUAGES, class_words
from rakuten.errors import InputError

# Enough for each fault to strike, and for the two that concern photos.
NUM_PRODUCTS = 1300
NUM_TEST_PRODUCTS = 60
WITH_PHOTOS = 400
SIZE = 48


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def write_small(folder: Path, **changed: object) -> None:
    arguments = {"num_products": 40, "image_size": 32, "seed": 3, "num_workers": 1} | changed
    write_demo_dump(folder, **arguments)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated") / "dump"
    write_demo_dump(
        folder,
        num_products=NUM_PRODUCTS,
        num_test_products=NUM_TEST_PRODUCTS,
        num_images=WITH_PHOTOS,
        image_size=SIZE,
        num_workers=1,
    )
    return folder


@pytest.fixture(scope="module")
def train(dump: Path) -> pd.DataFrame:
    features = pd.read_csv(dump / "X_train_update.csv", index_col=0)
    return features.join(pd.read_csv(dump / "y_train_CVw08PX.csv", index_col=0), validate="one_to_one")


@pytest.fixture(scope="module")
def test(dump: Path) -> pd.DataFrame:
    return pd.read_csv(dump / "X_test_update.csv", index_col=0)


def positions(num_products: int = NUM_PRODUCTS) -> dict[Broken, int]:
    return {fault: position for position, fault in broken_positions(num_products, 0).items()}


def name_of(row: pd.Series) -> str:
    return f"image_{row.imageid}_product_{row.productid}.jpg"


def test_same_seed_gives_same_bytes_with_workers_and_leaves_none_behind(tmp_path: Path) -> None:
    write_small(tmp_path / "alone")
    write_small(tmp_path / "two", num_workers=2)
    assert digests(tmp_path / "alone") == digests(tmp_path / "two")
    assert multiprocessing.active_children() == []


def test_another_seed_gives_other_products() -> None:
    first, second = (plan_products(50, seed, Part.TRAIN) for seed in (0, 1))
    assert {product.productid for product in first}.isdisjoint(product.productid for product in second)
    assert product_texts(first[0], 0) != product_texts(second[0], 1)


def test_a_larger_dump_starts_with_the_products_of_a_smaller_one() -> None:
    assert plan_products(500, 7, Part.TRAIN)[:200] == plan_products(200, 7, Part.TRAIN)


def test_84916_products_have_exactly_the_published_class_counts() -> None:
    counts = Counter(label_sequence(84_916, seed=5).tolist())
    assert counts == {product_class.code: product_class.published_count for product_class in CLASSES}


def test_every_head_of_the_labels_has_the_published_shares() -> None:
    for num_products in (100, 2000, 30_000, 100_000):
        counts = Counter(label_sequence(num_products, seed=0).tolist())
        for product_class in CLASSES:
            expected = product_class.published_count * num_products / 84_916
            # Each whole or begun cycle of 84,916 may be off by one.
            assert abs(counts[product_class.code] - expected) <= 2


def test_layout_is_the_challenge_s(dump: Path) -> None:
    heads = {path.name: path.read_text("utf-8").split("\n", 1)[0] for path in dump.glob("*.csv")}
    assert heads == {
        "X_train_update.csv": ",designation,description,productid,imageid",
        "X_test_update.csv": ",designation,description,productid,imageid",
        "y_train_CVw08PX.csv": ",prdtypecode",
    }


def test_index_of_test_continues_after_train(train: pd.DataFrame, test: pd.DataFrame) -> None:
    assert train.index.tolist() == list(range(NUM_PRODUCTS))
    assert test.index.tolist() == list(range(NUM_PRODUCTS, NUM_PRODUCTS + NUM_TEST_PRODUCTS))


def test_folder_says_that_it_is_generated_and_how(dump: Path) -> None:
    text = (dump / "GENERATED.md").read_text("utf-8")
    assert text.startswith("# Generated data, no real product")
    assert f'"num_products": {NUM_PRODUCTS}' in text
    assert '"seed": 0' in text


def test_every_photo_says_that_it_is_generated(dump: Path) -> None:
    for path in (dump / "images/image_test").iterdir():
        assert b"no real product" in path.read_bytes()


def test_photos_join_with_rows(dump: Path, train: pd.DataFrame, test: pd.DataFrame) -> None:
    for part, rows in (("image_train", train), ("image_test", test)):
        expected = {name_of(row) for row in rows.head(WITH_PHOTOS).itertuples()}
        present = {path.name for path in (dump / "images" / part).iterdir()}
        missing = {name_of(train.loc[positions()[Broken.MISSING_IMAGE]])} if part == "image_train" else set()
        assert present == expected - missing


def test_photos_are_whole_but_for_the_corrupt_one(dump: Path, train: pd.DataFrame) -> None:
    undecodable, progressive = set(), 0
    paths = list((dump / "images").rglob("*.jpg"))
    for path in paths:
        image = Image.open(path)
        progressive += "progressive" in image.info
        assert image.size == (SIZE, SIZE)
        try:
            image.load()
        except OSError:
            undecodable.add(path.name)
    assert undecodable == {name_of(train.loc[positions()[Broken.CORRUPT_IMAGE]])}
    assert 0.97 < progressive / len(paths) < 1


def test_photos_of_full_size_weigh_what_real_ones_weigh() -> None:
    photos = [product_photo(product, 0, 500) for product in plan_products(40, 0, Part.TRAIN)]
    assert 18_000 < np.mean([len(photo) for photo in photos]) < 32_000
    corners = [Image.open(io.BytesIO(photo)).getpixel((1, 1)) for photo in photos]
    assert 0.4 < np.mean([min(corner) > 245 for corner in corners]) < 0.95


def test_a_third_of_descriptions_is_missing_most_often_for_prints_and_cards(train: pd.DataFrame) -> None:
    missing = train.description.isna()
    assert missing.mean() == pytest.approx(0.35, abs=0.02)
    by_class = missing.groupby(train.prdtypecode).mean()
    assert set(by_class.nlargest(3).index) <= {2403, 2280, 1160, 10}


def test_texts_have_the_lengths_and_marks_of_the_real_ones(train: pd.DataFrame) -> None:
    assert train.designation.str.len().max() <= LONGEST_DESIGNATION
    assert train.designation.str.split().str.len().mean() == pytest.approx(11, abs=1.5)
    descriptions = train.description.dropna()
    assert 650 < descriptions.str.len().mean() < 1100
    assert descriptions.str.len().max() > 4000
    assert 0.3 < descriptions.str.contains(r"<(?:p|br|br /|b|li)>").mean() < 0.5
    assert 0.5 < descriptions.str.contains(r"&(?:\w+|#39);").mean() < 0.7
    for entity in ("&eacute;", "&nbsp;", "&rsquo;", "&#39;", "&amp;eacute;", "&uuml;"):
        assert descriptions.str.contains(entity, regex=False).any(), entity


def test_texts_are_in_three_languages_mostly_french(train: pd.DataFrame) -> None:
    words = train.description.dropna().str.lower()
    shares = [words.str.contains(rf"\b(?:{these})\b").mean() for these in ("des|les", "the|with", "und|der")]
    assert shares[0] > 0.6 > 0.25 > shares[1] > shares[2] > 0.02


def test_duplicates_are_as_frequent_as_in_the_catalogue() -> None:
    products = plan_products(20_000, 0, Part.TRAIN)
    titles = np.mean([product.title_source != product.position for product in products])
    photo_twins = [product for product in products if product.photo_source != product.position]
    other_label = np.mean([products[twin.photo_source].code != twin.code for twin in photo_twins])
    assert titles == pytest.approx(0.03, abs=0.005)
    assert 0.06 < len(photo_twins) / len(products) < 0.08
    assert 0.05 < other_label < 0.3


def test_twins_have_the_same_title_and_the_same_bytes() -> None:
    products = plan_products(300, 0, Part.TRAIN)
    twins = [product for product in products if product.title_source != product.position]
    assert twins
    for twin in twins:
        assert product_texts(twin, 0)[0] == product_texts(products[twin.title_source], 0)[0]
    twin = next(product for product in products if product.photo_source != product.position)
    assert product_photo(twin, 0, 64) == product_photo(products[twin.photo_source], 0, 64)


def test_each_fault_strikes_the_row_it_should(train: pd.DataFrame) -> None:
    at = positions()
    assert at.keys() == set(Broken)
    assert train.index[~train.prdtypecode.isin(CODES)].tolist() == [at[Broken.UNKNOWN_CLASS]]
    assert train.prdtypecode[at[Broken.UNKNOWN_CLASS]] == UNKNOWN_CODE
    assert train.index[train.productid.duplicated()].tolist() == [at[Broken.REPEATED_PRODUCTID]]
    assert train.index[train.designation.str.strip() == ""].tolist() == [at[Broken.BLANK_DESIGNATION]]
    control = train.designation.str.contains(r"[\x00-\x1f\ufffd]")
    assert train.index[control].tolist() == [at[Broken.CONTROL_CHARACTERS]]


def test_without_broken_rows_labels_are_the_published_ones(tmp_path: Path) -> None:
    write_demo_dump(tmp_path / "sound", num_products=1000, num_images=0, broken_rows=False, num_workers=1)
    labels = pd.read_csv(tmp_path / "sound/y_train_CVw08PX.csv", index_col=0).prdtypecode
    assert labels.tolist() == label_sequence(1000, 0).tolist()
    assert not (tmp_path / "sound/images").exists()


def test_test_rows_are_sound(dump: Path, test: pd.DataFrame) -> None:
    assert test.productid.is_unique
    assert test.imageid.is_unique
    assert test.designation.str.strip().ne("").all()
    assert test.designation.map(lambda text: re.search(r"[\x00-\x1f\ufffd]", text) is None).all()


def test_a_killed_generation_is_completed_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small(tmp_path / "whole")

    def stop_after_the_first_chunk(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_small(tmp_path / "killed", on_progress=stop_after_the_first_chunk)
    assert 0 < len(list((tmp_path / "killed").rglob("*.jpg"))) < 40
    assert not (tmp_path / "killed/X_train_update.csv").exists()
    (tmp_path / "killed/images/image_train/.image_1_product_1.jpg.77.tmp").write_bytes(b"half a file")
    write_small(tmp_path / "killed")
    assert digests(tmp_path / "killed") == digests(tmp_path / "whole")


def test_a_complete_dump_is_left_as_it_is(tmp_path: Path) -> None:
    write_small(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jpg")}
    write_small(tmp_path)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.jpg")} == before


def test_progress_ends_at_its_total(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_small(tmp_path, on_progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1] == (88, 88)


def test_a_dump_of_other_parameters_is_not_touched(tmp_path: Path) -> None:
    write_small(tmp_path)
    before = digests(tmp_path)
    with pytest.raises(InputError, match="other parameters"):
        write_small(tmp_path, seed=4)
    assert digests(tmp_path) == before


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(InputError, match="holds other things"):
        write_small(tmp_path)


@pytest.mark.parametrize(("name", "number"), [("num_products", 0), ("image_size", 8), ("seed", -1), ("num_workers", 0)])
def test_a_number_out_of_range_is_refused_before_any_file(tmp_path: Path, name: str, number: int) -> None:
    with pytest.raises(InputError, match=f"{name} of at least"):
        write_small(tmp_path / "none", **{name: number})
    assert not (tmp_path / "none").exists()


def test_every_class_has_words_in_every_language_and_a_look() -> None:
    assert set(LOOKS) == set(LABELS)
    for code in CODES:
        assert all(len(class_words(code, language)) >= 5 for language in LANGUAGES)


def test_file_names_are_the_challenge_s() -> None:
    product = plan_products(1, 0, Part.TRAIN)[0]
    assert image_name(product) == f"image_{product.imageid}_product_{product.productid}.jpg"
