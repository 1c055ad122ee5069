"""From rejected records and broken expectations to a verdict: what is quarantined, and whether a run may go on."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from rakuten.contracts.contract import Contract, ContractResult, Severity
from rakuten.dumps.layout import IMAGE_FOLDERS, PARTS, Part
from rakuten.dumps.rejections import Rejection
from rakuten.printable import printable, shortened

QUARANTINE_SCHEMA = pa.schema(
    [
        ("part", pa.string()),
        ("file", pa.string()),
        ("row", pa.int64()),
        ("productid", pa.int64()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("severity", pa.string()),
        ("quarantined", pa.bool_()),
    ]
)
EXPECTATIONS_SCHEMA = pa.schema(
    [
        ("contract", pa.string()),
        ("expectation", pa.string()),
        ("column", pa.string()),
        ("severity", pa.string()),
        ("reason", pa.string()),
        ("means", pa.string()),
        ("ok", pa.bool_()),
        ("observed", pa.string()),
        ("failing_rows", pa.int64()),
        ("rows", pa.int64()),
        ("examples", pa.list_(pa.string())),
    ]
)

# Positions and details named in a line; all are in the quarantine.
NAMED_ROWS = 8
NUM_EXAMPLES = 3
EXAMPLE_LENGTH = 60

# The images contract's name for a product whose image is not in the dump.
IMAGE_MISSING = "image_missing"
# Different failing values kept of each expectation; those of all rows are in the quarantine.
KEPT_EXAMPLES = 5


class QuarantinedRow(NamedTuple):
    """A record that something is wrong with; `QUARANTINE_SCHEMA` has its fields, and quarantined: severity "critical".

    Attributes:
        part: "train" or "test".
        file: Name of the table it stands in.
        row: Its position there; 1 is the first record after the header.
        productid: None where it has none that can be read.
        reason: Short and constant.
        detail: What was expected and what was received.
        severity: "critical": it is left out (a record of the part to be predicted is only flagged, if it can be read
            at all); "warning": it stays.
    """

    part: str
    file: str
    row: int
    productid: int | None
    reason: str
    detail: str
    severity: Severity


class Verdict(BaseModel):
    """Whether a dump is fit for use, for machines and for people.

    Attributes:
        ok: Whether a run may go on.
        summary: All there is to say, as lines.
        failures: Why it may not.
        warnings: What is odd but borne.
        counts: Figures: records, products, quarantined, quarantine_limit (of both parts together), and records by
            reason.
    """

    model_config = ConfigDict(frozen=True)

    ok: bool
    summary: tuple[str, ...]
    failures: tuple[str, ...]
    warnings: tuple[str, ...]
    counts: dict[str, int]


def rejected_rows(rejections: Iterable[Rejection]) -> list[QuarantinedRow]:
    """Records left out while the tables were read."""
    return [QuarantinedRow(*rejection, severity="critical") for rejection in rejections]


def failing_rows(frame: pd.DataFrame, result: ContractResult) -> list[QuarantinedRow]:
    """Records that break an expectation.

    Args:
        frame: The table checked, with columns part, file, row and productid.
        result: How it fared.
    """
    places = list(zip(*(frame[name].tolist() for name in ("part", "file", "row", "productid")), strict=True))
    found: list[QuarantinedRow] = []
    for outcome in result.outcomes:
        meta = outcome.expectation.meta
        columns = ", ".join(outcome.expectation.columns)
        severity = outcome.expectation.severity if outcome.blames_rows else "warning"
        for failing in outcome.failing or ():
            detail = f"{columns} is {printable(failing.value)}; expected that {meta.means}"
            part, file, row, productid = places[failing.position]
            found.append(QuarantinedRow(part, file, row, productid, meta.reason, detail, severity))
    return found


def judge(
    products: pd.DataFrame,
    quarantine: Sequence[QuarantinedRow],
    results: Sequence[ContractResult],
    limits: Contract,
    remarks: Iterable[str] = (),
) -> Verdict:
    """The verdict on a dump.

    Each part is judged by itself: test products that can all be read do not make up for train products that cannot.

    Args:
        products: Records that could be read, with columns part, file and row.
        quarantine: Records that something is wrong with.
        results: How the tables fared against their contracts.
        limits: The contract that says how many records of a part may be quarantined.
        remarks: Further lines for the summary.
    """
    parts = {part: _quarantined_part(part, products, quarantine, limits) for part in PARTS}
    parts = {part: found for part, found in parts.items() if found.records}
    failures = [found.line for found in parts.values() if found.is_over]
    failures += _parts_without_images(products, quarantine)
    failures += [line for result in results for line in result.failures]
    warnings = [line for result in results for line in result.warnings]
    summary = [f"{part}: {count:,} products read" for part, count in products["part"].value_counts(sort=False).items()]
    summary += [*remarks, *(found.line for found in parts.values() if not found.is_over)]
    summary += [f"FAILED {failure}" for failure in failures] + [f"warning: {warning}" for warning in warnings]
    counts = {
        "records": sum(found.records for found in parts.values()),
        "products": len(products),
        "quarantined": sum(found.quarantined for found in parts.values()),
        "quarantine_limit": sum(found.limit for found in parts.values()),
    }
    by_reason = pd.Series([found.reason for found in quarantine], dtype=str).value_counts().sort_index()
    return Verdict(
        ok=not failures,
        summary=tuple(summary),
        failures=tuple(failures),
        warnings=tuple(warnings),
        counts=counts | {str(reason): int(count) for reason, count in by_reason.items()},
    )


class _QuarantinedPart(NamedTuple):
    """How much of one part is quarantined: numbers of records, and a line on them."""

    records: int
    quarantined: int
    limit: int
    line: str

    @property
    def is_over(self) -> bool:
        return self.quarantined > self.limit


def _quarantined_part(
    part: Part, products: pd.DataFrame, quarantine: Sequence[QuarantinedRow], limits: Contract
) -> _QuarantinedPart:
    critical = [found for found in quarantine if found.severity == "critical" and found.part == part]
    bad = {(found.file, found.row) for found in critical}
    read = products[products["part"] == part]
    records = len(bad | set(zip(read["file"], read["row"], strict=True)))
    limit = limits.quarantine_limit(records)
    line = f"{part}: {len(bad):,} of {records:,} records quarantined, at most {limit:,} may be"
    return _QuarantinedPart(records, len(bad), limit, f"{line}: {describe(critical)}" if bad else line)


def _parts_without_images(products: pd.DataFrame, quarantine: Iterable[QuarantinedRow]) -> list[str]:
    """Lines on the parts that lack every image, in a dump that has some: they were left behind, not left out."""
    missing = Counter(found.part for found in quarantine if found.reason == IMAGE_MISSING)
    counts = Counter(products["part"])
    return [
        f"{part}: none of its {counts[part]:,} products has an image, and other products have; "
        f"expected them in {folder}/, or no images in the dump at all"
        for folder, part in IMAGE_FOLDERS.items()
        if counts[part] and missing[part] == counts[part]
    ]


def describe(quarantine: Iterable[QuarantinedRow]) -> str:
    """Critical rows by reason, with their positions and some of what was received.

    For instance `2 label_unknown (X_train_update.csv, records 12, 400: prdtypecode is '9999' in … | prdtypecode is …)`.
    """
    groups: dict[tuple[str, str], list[QuarantinedRow]] = {}
    for found in quarantine:
        if found.severity == "critical":
            groups.setdefault((found.reason, found.file), []).append(found)
    return "; ".join(
        f"{len(rows):,} {reason} ({file}, {_records([found.row for found in rows])}: {_examples(rows)})"
        for (reason, file), rows in sorted(groups.items())
    )


def _examples(rows: Iterable[QuarantinedRow]) -> str:
    """Some of what was received; all of it is in the quarantine."""
    received = list(dict.fromkeys(shortened(found.detail, EXAMPLE_LENGTH) for found in rows))
    return " | ".join(received[:NUM_EXAMPLES])


def expectations_table(results: Iterable[ContractResult]) -> pa.Table:
    """Every expectation with its outcome, in the order of the contracts."""
    rows: list[dict[str, Any]] = [
        {
            "contract": result.contract.name,
            "expectation": outcome.expectation.type,
            "column": ", ".join(outcome.expectation.columns),
            "severity": outcome.expectation.severity,
            "reason": outcome.expectation.meta.reason,
            "means": outcome.expectation.meta.means,
            "ok": outcome.ok,
            "observed": outcome.observed,
            "failing_rows": None if outcome.failing is None else len(outcome.failing),
            "rows": result.num_rows,
            "examples": list(dict.fromkeys(row.value for row in outcome.failing or ()))[:KEPT_EXAMPLES],
        }
        for result in results
        for outcome in result.outcomes
    ]
    return pa.Table.from_pylist(rows, schema=EXPECTATIONS_SCHEMA)


def quarantine_table(quarantine: Iterable[QuarantinedRow]) -> pa.Table:
    """Records that something is wrong with, sorted by part, file, row and reason; `quarantined` tells which count."""
    ordered = sorted(quarantine, key=lambda found: (found.part, found.file, found.row, found.reason))
    rows = [found._asdict() | {"quarantined": found.severity == "critical"} for found in ordered]
    return pa.Table.from_pylist(rows, schema=QUARANTINE_SCHEMA)


def _records(rows: list[int]) -> str:
    named = ", ".join(f"{row:,}" for row in sorted(rows)[:NAMED_ROWS])
    more = f" and {len(rows) - NAMED_ROWS:,} more" if len(rows) > NAMED_ROWS else ""
    return f"record{'s' if len(rows) > 1 else ''} {named}{more}"
