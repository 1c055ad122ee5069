"""From a dump to a verdict, a quarantine and accepted products."""

from pathlib import Path
from typing import Any

import hostile
import pandas as pd
import pyarrow.parquet as pq
import pytest

from data_contracts import load_contract
from rakuten.contracts.contract import Contract
from rakuten.contracts.validation import accept_products, check_table, validate_dump
from rakuten.contracts.validation_page import render_validation
from rakuten.dumps.layout import X_TEST, X_TRAIN, Y_TRAIN
from rakuten.dumps.snapshot import list_dump
from rakuten.errors import ContractError
from rakuten.images.inspection import inspect_images
from rakuten.outputs import StageOutput

CONTRACTS = tuple(Contract.model_validate(load_contract(name)) for name in ("raw_products", "labels", "images"))


class Validated:
    """A dump read, inspected and validated."""

    def __init__(self, reading: Any, dump: Path, contracts: tuple[Contract, ...] = CONTRACTS) -> None:
        self.store = reading.store
        self.products: StageOutput = reading.products(dump)
        snapshot, listing = reading.snapshot(dump), list_dump(dump)
        self.images = self.store.run(inspect_images, snapshot=snapshot, dump=dump) if listing.has_images else None
        self.validation: StageOutput = self.store.run(
            validate_dump, products=self.products, images=self.images, contracts=contracts
        )
        self.verdict = self.validation.read_json("verdict.json")

    @property
    def quarantine(self) -> set[tuple[str, int, str, str]]:
        rows = pq.read_table(self.validation.file("quarantine.parquet")).to_pylist()
        return {(row["file"], row["row"], row["reason"], row["severity"]) for row in rows}

    def accept(self) -> StageOutput:
        output: StageOutput = self.store.run(
            accept_products, products=self.products, images=self.images, validation=self.validation
        )
        return output


def column(output: StageOutput, name: str, part: str = "train") -> list[Any]:
    values: list[Any] = pq.read_table(output.file(f"{part}.parquet")).column(name).to_pylist()
    return values


def test_a_sound_dump_passes_whole(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    validated = Validated(reading, small_dump.write(tmp_path / "dump"))
    assert validated.verdict["ok"]
    assert validated.verdict["summary"] == [
        "train: 54 products read",
        "test: 6 products read",
        "60 images: 0 duplicates, 0 do not decode, 0 of no product; 0 of 60 products have none",
        "train: 0 of 54 records quarantined, at most 5 may be",
        "test: 0 of 6 records quarantined, at most 1 may be",
    ]
    assert validated.quarantine == set()
    assert set(validated.validation.manifest.files) == {
        "expectations.parquet",
        "quarantine.csv",
        "quarantine.parquet",
        "verdict.json",
    }
    accepted = validated.accept()
    assert column(accepted, "productid") == list(range(1001, 1055))
    assert None not in column(accepted, "image_digest") + column(accepted, "image_digest", "test")


def test_odd_records_are_quarantined_and_the_rest_goes_on(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    small_dump.tables[X_TRAIN][4][1] = " \t"
    small_dump.tables[X_TRAIN][9][3] = str(10**13)
    small_dump.tables[X_TRAIN][12][3] = "1011"
    small_dump.tables[X_TEST][2][1] = ""
    del small_dump.images[small_dump.image_of(20)]
    small_dump.images[small_dump.image_of(21)] = small_dump.images[small_dump.image_of(21)][:300]
    small_dump.images["image_train/image_1_product_1.jpg"] = small_dump.images[small_dump.image_of(1)]
    validated = Validated(reading, small_dump.write(tmp_path / "dump"))
    assert validated.quarantine == {
        (X_TRAIN, 4, "designation_blank", "critical"),
        (X_TRAIN, 9, "productid_implausible", "critical"),
        (X_TRAIN, 12, "productid_repeated", "critical"),
        (X_TEST, 2, "designation_blank", "critical"),
        (X_TRAIN, 9, "image_missing", "warning"),
        (X_TRAIN, 20, "image_missing", "warning"),
        (X_TRAIN, 21, "image_corrupt", "warning"),
    }
    verdict = validated.verdict
    assert verdict["ok"]
    assert verdict["counts"]["quarantined"] == 4
    assert verdict["summary"][2:5] == [
        "60 images: 1 duplicates, 1 do not decode, 3 of no product; 2 of 59 products have none",
        "train: 3 of 54 records quarantined, at most 5 may be: "
        "1 designation_blank (X_train_update.csv, record 4: "
        'designation is " \\t"; expected that a product has a title); '
        "1 productid_implausible (X_train_update.csv, record 9: "
        "productid is 10000000000000; expected that a productid is a…); "
        "1 productid_repeated (X_train_update.csv, record 12: productid 1011 stands already in record 11)",
        "test: 1 of 6 records quarantined, at most 1 may be: "
        '1 designation_blank (X_test_update.csv, record 2: designation is ""; expected that a product has a title)',
    ]
    counted = pq.read_table(validated.validation.file("quarantine.parquet")).to_pandas()
    assert counted["quarantined"].tolist() == (counted["severity"] == "critical").tolist()
    spread = pd.read_csv(validated.validation.file("quarantine.csv"))
    assert spread["quarantined"].tolist() == counted["quarantined"].tolist()
    assert spread["detail"].str.contains("expected|already").all()
    accepted = validated.accept()
    assert column(accepted, "row") == [row for row in range(1, 55) if row not in (4, 9, 12)]
    assert column(accepted, "row", "test") == [1, 2, 3, 4, 5, 6]
    without = [
        row for row, found in zip(column(accepted, "row"), column(accepted, "image_digest"), strict=True) if not found
    ]
    assert without == [20, 21]


def test_the_page_of_a_dump_with_a_hostile_title_shows_it_as_text(
    small_dump: Any, reading: Any, tmp_path: Path
) -> None:
    garbled = "� " + hostile.TITLES["script"]
    small_dump.tables[X_TRAIN][4][1] = garbled
    dump = small_dump.write(tmp_path / "dump")
    validated = Validated(reading, dump)
    arguments = {"snapshot": reading.snapshot(dump), "contracts": CONTRACTS, "dump_name": "dump"}
    rendered = validated.store.run(render_validation, validation=validated.validation, **arguments)
    page = hostile.parse_page(rendered.file("validation.html").read_text("utf-8"))
    section = page.find(id="raw_products")
    assert section is not None
    assert "<script>alert(1)</script>" in section.get_text()


def test_too_many_odd_records_fail_the_dump_saying_what_and_how_many(
    small_dump: Any, reading: Any, tmp_path: Path
) -> None:
    for record in range(10, 20):
        small_dump.tables[Y_TRAIN][record][1] = "9999"
    validated = Validated(reading, small_dump.write(tmp_path / "dump"))
    line = (
        "train: 10 of 54 records quarantined, at most 5 may be: "
        "10 label_unknown (X_train_update.csv, records 10, 11, 12, 13, 14, 15, 16, 17 and 2 more: "
        "prdtypecode is '9999' in record 10 of y_train_CVw08PX.csv, … | "
        "prdtypecode is '9999' in record 11 of y_train_CVw08PX.csv, … | "
        "prdtypecode is '9999' in record 12 of y_train_CVw08PX.csv, …)"
    )
    assert not validated.verdict["ok"]
    assert validated.verdict["failures"] == [line]
    with pytest.raises(ContractError, match="the dump is not fit for use:\ntrain: 10 of 54 records quarantined"):
        validated.accept()


def test_a_dump_of_which_nothing_can_be_read_fails_and_does_not_crash(
    small_dump: Any, reading: Any, tmp_path: Path
) -> None:
    del small_dump.tables[X_TEST]
    for record in small_dump.tables[Y_TRAIN][1:]:
        record[1] = "9999"
    verdict = Validated(reading, small_dump.write(tmp_path / "dump")).verdict
    assert verdict["failures"][0].startswith("train: 54 of 54 records quarantined, at most 5 may be: 54 label_unknown")
    assert verdict["failures"][1].startswith("raw_products: too_few_products")


def test_too_few_usable_images_fail_the_dump(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    for number in range(1, 8):
        del small_dump.images[small_dump.image_of(number)]
    for number in range(8, 16):
        small_dump.images[small_dump.image_of(number)] = b"no picture"
    (failure,) = Validated(reading, small_dump.write(tmp_path / "dump")).verdict["failures"]
    assert failure.startswith("images: too_few_images: expected that at least four products in five have an image")
    assert failure.endswith("observed 0.75")


def test_a_dump_of_texts_alone_passes_and_one_with_the_images_of_one_part_fails(
    small_dump: Any, reading: Any, tmp_path: Path
) -> None:
    small_dump.images = {name: data for name, data in small_dump.images.items() if name.startswith("image_train")}
    (failure,) = Validated(reading, small_dump.write(tmp_path / "train-images")).verdict["failures"]
    assert failure == (
        "test: none of its 6 products has an image, and other products have; "
        "expected them in image_test/, or no images in the dump at all"
    )
    small_dump.images = {}
    validated = Validated(reading, small_dump.write(tmp_path / "texts"))
    assert validated.verdict["ok"]
    assert "no images" in validated.verdict["summary"]
    assert set(column(validated.accept(), "image_digest")) == {None}


def test_a_dump_without_labels_passes(small_dump: Any, reading: Any, tmp_path: Path) -> None:
    del small_dump.tables[Y_TRAIN]
    validated = Validated(reading, small_dump.write(tmp_path / "dump"))
    assert validated.verdict["ok"]
    contracts = pq.read_table(validated.validation.file("expectations.parquet")).column("contract").to_pylist()
    assert set(contracts) == {"raw_products", "images"}


def test_validation_changes_with_its_contracts_and_needs_that_of_products(
    small_dump: Any, reading: Any, tmp_path: Path
) -> None:
    products = reading.products(small_dump.write(tmp_path / "dump"))
    inputs = {"products": products, "images": None}
    looser = CONTRACTS[0].model_copy(update={"meta": CONTRACTS[0].meta.model_copy(update={"min_quarantined": 6})})
    keys = {validate_dump.key(**inputs, contracts=(contract,)) for contract in (CONTRACTS[0], looser)}
    assert len(keys) == 2
    with pytest.raises(ContractError, match=r"raw_products among them; got \['labels'\]"):
        reading.store.run(validate_dump, **inputs, contracts=(CONTRACTS[1],))


def test_a_checked_table_passes_or_says_what_breaks_it(hand_made: Any) -> None:
    contract = Contract.model_validate(load_contract("predictions"))
    rows = {"index": [0, 1], "productid": [5, 6], "prdtypecode": [10, 2905], "probability": [0.5, 1.0]}
    sound = hand_made.output("predictions-v1-0", {"predictions.parquet": pd.DataFrame(rows)})
    checked = hand_made.store.run(check_table, table=sound, file="predictions.parquet", contract=contract)
    assert checked.read_json("verdict.json") == {
        "ok": True,
        "warnings": [],
        "counts": {"rows": 2, "failing_rows": 0, "warnings": 0},
    }
    rows |= {"productid": [5, 5], "prdtypecode": [10, 11]}
    broken = hand_made.output("predictions-v1-1", {"predictions.parquet": pd.DataFrame(rows)})
    with pytest.raises(ContractError, match=r"(?s)productid_repeated.*2 of 2 rows.*class_unknown.*1 of 2 rows"):
        hand_made.store.run(check_table, table=broken, file="predictions.parquet", contract=contract)


@pytest.mark.real
@pytest.mark.parametrize("name", ["real-multimodal", "real-text", "real-test"])
def test_real_products_keep_the_contracts(name: str, shared_data: Path, reading: Any) -> None:
    validated = Validated(reading, shared_data / name)
    assert validated.verdict["ok"]
    assert validated.verdict["counts"]["quarantined"] == 0
