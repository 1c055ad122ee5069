"""What a run was made from: the dump, its parts, its sides, and what the contracts found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from rakuten.contracts.validation import EXPECTATIONS_FILE, QUARANTINE_FILE, VERDICT_FILE
from rakuten.contracts.validation_page import PAGE as VALIDATION_PAGE
from rakuten.data.named_dump import ValidatedDump
from rakuten.data.split import SIDES, SPLIT
from rakuten.dumps.layout import Part
from rakuten.dumps.snapshot_files import SNAPSHOT_FILE
from rakuten.outputs import StageOutput

PART_NAMES: dict[Part, str] = {"train": "labelled", "test": "to be predicted"}


@dataclass(frozen=True)
class PartUsed:
    """Products of one part of the dump after the contracts.

    Attributes:
        name: In words.
        rows: Products.
        without_description, without_image: Of them, those without a description or a usable image.
    """

    name: str
    rows: int
    without_description: int
    without_image: int


@dataclass(frozen=True)
class Quarantine:
    """Rows that were quarantined for one reason.

    Attributes:
        part, reason, severity: What they have in common.
        rows: How many.
        example: The first row's detail.
    """

    part: str
    reason: str
    severity: str
    rows: int
    example: str


@dataclass(frozen=True)
class DumpUsed:
    """One dump, and what the contracts found.

    Attributes:
        name: What people call it.
        key: Of its snapshot.
        files: How many it holds.
        file_bytes: Of all of them.
        verdict: Content of the verdict.
        validation_key: Of the validation.
        validation_page: Where its page is, seen from another output.
        quarantine: Rows by reason.
        expectations: Every one with its outcome.
    """

    name: str
    key: str
    files: int
    file_bytes: int
    verdict: Mapping[str, Any]
    validation_key: str
    validation_page: str
    quarantine: list[Quarantine]
    expectations: list[dict[str, Any]]


def read_dump(dump: ValidatedDump) -> DumpUsed:
    """What a dump held and what became of it."""
    files = pd.read_parquet(dump.snapshot.file(SNAPSHOT_FILE), columns=["name", "size"])
    return DumpUsed(
        name=dump.name,
        key=dump.snapshot.key,
        files=len(files),
        file_bytes=int(files["size"].sum()),
        verdict=dump.validation.read_json(VERDICT_FILE),
        validation_key=dump.validation.key,
        validation_page=f"../{dump.page.key}/{VALIDATION_PAGE}",
        quarantine=group_quarantine(dump.validation),
        expectations=read_expectations(dump.validation),
    )


def read_parts(clean: StageOutput) -> list[PartUsed]:
    """The parts that the dump has."""
    parts = []
    for part, name in PART_NAMES.items():
        if not (clean.folder / f"{part}.parquet").is_file():
            continue
        rows = pd.read_parquet(clean.file(f"{part}.parquet"), columns=["description", "image_digest"])
        without_description = int((rows["description"] == "").sum())
        parts.append(PartUsed(name, len(rows), without_description, int(rows["image_digest"].isna().sum())))
    return parts


def count_sides(split: StageOutput) -> dict[str, int]:
    """Labelled products on each side, in the order of `SIDES`."""
    sides = pd.read_parquet(split.file(SPLIT), columns=["side"])["side"].value_counts()
    return {side: int(sides.get(side, 0)) for side in SIDES}


def group_quarantine(validation: StageOutput) -> list[Quarantine]:
    """Quarantined rows by reason, the most frequent first."""
    rows = pd.read_parquet(validation.file(QUARANTINE_FILE))
    groups = [
        Quarantine(str(part), str(reason), str(severity), len(group), str(group["detail"].iat[0]))
        for (part, reason, severity), group in rows.groupby(["part", "reason", "severity"], sort=True)
    ]
    return sorted(groups, key=lambda group: -group.rows)


def read_expectations(validation: StageOutput) -> list[dict[str, Any]]:
    """Every expectation with its outcome, in the order of the contracts."""
    # Not by way of pandas, which would make numbers that may be absent floats.
    rows: list[dict[str, Any]] = pq.read_table(validation.file(EXPECTATIONS_FILE)).to_pylist()
    return rows
