"""The stage that writes the validation page of a dump: verdict, expectations by table, quarantined records."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from rakuten.contracts.contract import Contract
from rakuten.contracts.validation import EXPECTATIONS_FILE, QUARANTINE_CSV, QUARANTINE_FILE, VERDICT_FILE
from rakuten.dumps.snapshot import generated_dumps
from rakuten.outputs import StageOutput
from rakuten.pages.page import render
from rakuten.pages.template_files import OwnFiles
from rakuten.printable import shortened
from rakuten.stages import stage

PAGE = "validation.html"
OWN_FILES = OwnFiles(package="contracts")

# Records shown of each reason; all of them are in the quarantine's files.
RECORDS_SHOWN = 20
DETAIL_LENGTH = 200
EXAMPLE_LENGTH = 60


@dataclass(frozen=True)
class CheckedTable:
    """A table of the dump and how it fared against its contract.

    Attributes:
        name: The contract's name.
        about: The table, in words.
        rows: Of the table; None where it was not checked, as the dump has none.
        expectations: In the contract's order: means, column, severity, ok, observed, failing_rows (None: the
            expectation is about the table as a whole), share (of the rows, 0..1, or None), examples.
    """

    name: str
    about: str
    rows: int | None
    expectations: Sequence[Mapping[str, Any]]

    @property
    def met(self) -> int:
        """Number of expectations that are met."""
        return sum(bool(expectation["ok"]) for expectation in self.expectations)


@dataclass(frozen=True)
class QuarantineGroup:
    """Records with the same fault.

    Attributes:
        reason, file, quarantined: What they have in common.
        count: How many there are.
        records: The first of them: row, productid (or None), detail.
    """

    reason: str
    file: str
    quarantined: bool
    count: int
    records: Sequence[Mapping[str, Any]]


@stage(version=1, libraries=("jinja2",))
def render_validation(
    out: Path,
    snapshot: StageOutput,
    validation: StageOutput,
    contracts: tuple[Contract, ...],
    dump_name: str = "",
    own_files: OwnFiles = OWN_FILES,
) -> dict[str, Any]:
    """Write the page of a validated dump.

    Args:
        out: Work folder.
        snapshot: `record_snapshot`.
        validation: `validate_dump`.
        contracts: What it was held against.
        dump_name: What people call the dump; "": its key alone says which.
        own_files: Template and style sheets; given so that they enter the key.

    Returns:
        Facts: ok (whether the dump is fit for use), bytes of the page.

    Output:
        validation.html: One file that loads nothing and runs nothing; it links to the quarantine's files in the
            validation's output beside this one.
    """
    verdict = validation.read_json(VERDICT_FILE)
    tables = checked_tables(validation, contracts)
    groups = list(quarantine_groups(validation))
    expectations = [found for table in tables for found in table.expectations]
    content = {
        "dump_name": dump_name,
        "dump_key": snapshot.key,
        "generated": generated_dumps([dump_name or "This dump"], [snapshot]),
        "facts": snapshot.facts,
        "verdict": verdict,
        "tables": tables,
        "met": sum(table.met for table in tables),
        "expectations": len(expectations),
        "critical": [found for found in expectations if not found["ok"] and found["severity"] == "critical"],
        "quarantined": [group for group in groups if group.quarantined],
        "remarks": [group for group in groups if not group.quarantined],
        "csv": f"../{validation.key}/{QUARANTINE_CSV}",
        "parquet": f"../{validation.key}/{QUARANTINE_FILE}",
        "validation_key": validation.key,
        "style": own_files.style(),
    }
    page = render(own_files, "validation.html.j2", content)
    (out / PAGE).write_text(page, "utf-8")
    return {"ok": verdict["ok"], "bytes": len(page.encode())}


def checked_tables(validation: StageOutput, contracts: Sequence[Contract]) -> list[CheckedTable]:
    """Every contract's table, in the order of the contracts."""
    # Not by way of pandas, which would make numbers that may be absent floats.
    rows = pq.read_table(validation.file(EXPECTATIONS_FILE)).to_pylist()
    tables = []
    for contract in contracts:
        found = [_shown_expectation(row) for row in rows if row["contract"] == contract.name]
        num_rows = found[0]["rows"] if found else None
        tables.append(CheckedTable(contract.name, contract.meta.about, num_rows, found))
    return tables


def quarantine_groups(validation: StageOutput) -> Iterator[QuarantineGroup]:
    """Records that something is wrong with by what it is: those quarantined first, the most frequent first."""
    groups: dict[tuple[bool, str, str], list[dict[str, Any]]] = {}
    for row in pq.read_table(validation.file(QUARANTINE_FILE)).to_pylist():
        groups.setdefault((row["quarantined"], row["reason"], row["file"]), []).append(row)
    ordered = sorted(groups.items(), key=lambda item: (not item[0][0], -len(item[1]), item[0]))
    for (quarantined, reason, file), rows in ordered:
        shown = [row | {"detail": shortened(row["detail"], DETAIL_LENGTH)} for row in rows[:RECORDS_SHOWN]]
        yield QuarantineGroup(reason, file, quarantined, len(rows), shown)


def _shown_expectation(row: Mapping[str, Any]) -> dict[str, Any]:
    failing, rows = row["failing_rows"], row["rows"]
    return {
        **row,
        "share": failing / rows if failing is not None and rows else None,
        "observed": shortened(row["observed"], DETAIL_LENGTH),
        "examples": [shortened(example, EXAMPLE_LENGTH) for example in row["examples"]],
    }
