"""Holding a dump, or any table, against its contracts; and handing on the products that passed."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rakuten.contracts.contract import Contract
from rakuten.contracts.expectations import check_frame, check_frames
from rakuten.contracts.quarantine_csv import write_quarantine_csv
from rakuten.contracts.validation_result import (
    expectations_table,
    failing_rows,
    judge,
    quarantine_table,
    rejected_rows,
)
from rakuten.dumps.joined_table import (
    describe_images,
    image_frame,
    labelled_frame,
    product_frame,
    read_parts,
    usable_images,
)
from rakuten.dumps.layout import PRODUCT_TABLES
from rakuten.dumps.products import REJECTED_FILE
from rakuten.dumps.rejections import Rejection
from rakuten.errors import ContractError
from rakuten.outputs import StageOutput
from rakuten.outputs.atomic import write_whole
from rakuten.stages import stage

VERDICT_FILE = "verdict.json"
EXPECTATIONS_FILE = "expectations.parquet"
QUARANTINE_FILE = "quarantine.parquet"
QUARANTINE_CSV = "quarantine.csv"

# Of this contract come the limits on the number of quarantined records.
PRODUCTS_CONTRACT = "raw_products"
LABELS_CONTRACT = "labels"
IMAGES_CONTRACT = "images"
CONTRACT_NAMES = (PRODUCTS_CONTRACT, LABELS_CONTRACT, IMAGES_CONTRACT)


@stage(version=2, libraries=("great-expectations",), isolated=True)
def validate_dump(
    out: Path, products: StageOutput, images: StageOutput | None, contracts: tuple[Contract, ...]
) -> Mapping[str, Any]:
    """Hold a dump against its contracts; bad data is what it reports, never a reason to fail.

    Args:
        out: Output folder.
        products: Output of `read_products`.
        images: Output of `inspect_images`; None for a dump without images.
        contracts: Of these names, "raw_products" among them: raw_products, labels (products with labels; skipped where
            there are none), images (products of parts that have images; skipped where there are none).

    Returns:
        Whether the dump is fit for use, and how many records are quarantined.

    Raises:
        ContractError: If a contract is faulty itself, of another name, or raw_products is absent.

    Output:
        verdict.json: see `Verdict`.
        expectations.parquet: one row an expectation, with what was observed.
        quarantine.parquet: every record that something is wrong with, see `QuarantinedRow`; products without a usable
            image are in it with severity "warning", and not quarantined.
        quarantine.csv: the same for spreadsheets.
    """
    limits = next((contract for contract in contracts if contract.name == PRODUCTS_CONTRACT), None)
    if limits is None or any(contract.name not in CONTRACT_NAMES for contract in contracts):
        received = [contract.name for contract in contracts]
        expected = f"expected contracts of {sorted(CONTRACT_NAMES)}, {PRODUCTS_CONTRACT} among them"
        raise ContractError(f"{expected}; got {received}")
    frames = contract_frames(products, images)
    raw, pictures = frames[PRODUCTS_CONTRACT], frames[IMAGES_CONTRACT]
    pairs = checked_pairs(frames, contracts)
    results = check_frames(pairs)
    rejections = pq.read_table(products.file(REJECTED_FILE)).to_pylist()
    quarantine = rejected_rows(Rejection(**rejection) for rejection in rejections)
    for (frame, _), result in zip(pairs, results, strict=True):
        quarantine += failing_rows(frame, result)
    verdict = judge(raw, quarantine, results, limits, describe_images(pictures, images))
    pq.write_table(expectations_table(results), out / EXPECTATIONS_FILE)
    table = quarantine_table(quarantine)
    pq.write_table(table, out / QUARANTINE_FILE)
    write_quarantine_csv(table, out / QUARANTINE_CSV)
    write_whole(out / VERDICT_FILE, verdict.model_dump_json(indent=2))
    return {"ok": verdict.ok, "records": verdict.counts["records"], "quarantined": verdict.counts["quarantined"]}


def contract_frames(products: StageOutput, images: StageOutput | None) -> dict[str, pd.DataFrame]:
    """The tables of a dump that contracts are about, by the contract's name; see `validate_dump` for the arguments."""
    raw = product_frame(read_parts(products))
    return {
        PRODUCTS_CONTRACT: raw,
        LABELS_CONTRACT: labelled_frame(raw),
        IMAGES_CONTRACT: image_frame(raw, images),
    }


def checked_pairs(
    frames: Mapping[str, pd.DataFrame], contracts: Iterable[Contract]
) -> list[tuple[pd.DataFrame, Contract]]:
    """Tables with the contract each is held against; empty ones are left out, products excepted."""
    pairs = [(frames[contract.name], contract) for contract in contracts]
    return [(frame, contract) for frame, contract in pairs if len(frame) or contract.name == PRODUCTS_CONTRACT]


@stage(version=1)
def accept_products(
    out: Path, products: StageOutput, images: StageOutput | None, validation: StageOutput
) -> Mapping[str, int]:
    """Hand on the products of a dump that is fit for use, each with the digest of its image.

    Args:
        out: Output folder.
        products: Output of `read_products`.
        images: Output of `inspect_images`; None for a dump without images.
        validation: Output of `validate_dump` on these.

    Returns:
        Numbers of products by part, and of those without usable image.

    Raises:
        ContractError: If the verdict is that the dump is not fit for use; the message holds its lines.

    Output:
        train.parquet, test.parquet: columns of `read_products`, quarantined records of the train part left out, those
            of the test part kept, and image_digest: SHA-256 of the product's image, null where it has none or it does
            not decode.
    """
    verdict = validation.read_json(VERDICT_FILE)
    if not verdict["ok"]:
        raise ContractError("the dump is not fit for use:\n" + "\n".join(verdict["failures"]))
    quarantine = pq.read_table(validation.file(QUARANTINE_FILE))
    digests = {} if images is None else usable_images(images)
    facts: dict[str, int] = {}
    for part, table in read_parts(products).items():
        if part == "train":
            bad = quarantine.filter((pc.field("file") == PRODUCT_TABLES["train"]) & pc.field("quarantined"))
            table = table.filter(pc.invert(pc.is_in(table.column("row"), bad.column("row").combine_chunks())))
        found = [digests.get((part, name)) for name in table.column("image_name").to_pylist()]
        pq.write_table(table.append_column("image_digest", pa.array(found, pa.string())), out / f"{part}.parquet")
        facts |= {f"{part}_products": len(table), f"{part}_without_image": found.count(None)}
    return facts


@stage(version=1, libraries=("great-expectations",), isolated=True)
def check_table(out: Path, table: StageOutput, file: str, contract: Contract) -> Mapping[str, Any]:
    """Hold one table of an output against a contract.

    Args:
        out: Output folder.
        table: The output.
        file: Name of its Parquet file.
        contract: What is expected.

    Returns:
        Numbers of rows, of rows that break a critical expectation, and of warnings.

    Raises:
        ContractError: If the table breaks a critical expectation, or more rows do than the contract bears.
        OutputError: If the output has no such file.

    Output:
        verdict.json: ok, warnings and figures.
        expectations.parquet: one row an expectation, with what was observed.
    """
    frame = pd.read_parquet(table.file(file))
    result = check_frame(frame, contract)
    limit = contract.quarantine_limit(len(frame))
    failures = result.failures
    if len(result.quarantined) > limit:
        failures += result.row_failures
    if failures:
        raise ContractError(f"{file} of {table.key} breaks its contract:\n" + "\n".join(failures))
    pq.write_table(expectations_table([result]), out / EXPECTATIONS_FILE)
    facts = {"rows": len(frame), "failing_rows": len(result.quarantined), "warnings": len(result.warnings)}
    verdict = {"ok": True, "warnings": result.warnings, "counts": facts}
    write_whole(out / VERDICT_FILE, json.dumps(verdict, indent=2, ensure_ascii=False))
    return facts
