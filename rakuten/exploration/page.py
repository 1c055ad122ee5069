"""The stage that writes what exploring a dump found: one HTML page for people, a short Markdown for an interface."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import pandas as pd

from rakuten.catalogue.classes import CODES, LABELS, LABELS_FR
from rakuten.contracts.validation import VERDICT_FILE
from rakuten.contracts.validation_page import PAGE as VALIDATION_PAGE
from rakuten.data.named_dump import ValidatedDump
from rakuten.dumps.snapshot import generated_dumps
from rakuten.dumps.snapshot_files import SNAPSHOT_FILE
from rakuten.exploration import image_charts, text_charts
from rakuten.exploration.findings import findings
from rakuten.exploration.words import REPORTED_ALIKE
from rakuten.outputs import StageOutput
from rakuten.pages.page import render
from rakuten.pages.template_files import OwnFiles
from rakuten.stages import stage

PAGE = "exploration.html"
SUMMARY = "exploration.md"
FINDINGS_FILE = "findings.parquet"

OWN_FILES = OwnFiles(package="exploration")


@dataclass(frozen=True)
class ExploredProducts:
    """Figures of a dump's products that its page shows.

    Attributes:
        described: `describe_products`.
        texts: `profile_texts`.
        repeats: `find_repeats`.
        words: `describe_words`.
        images: `describe_images`; None for a dump without images.
        samples: `draw_samples`; None likewise.
        parts: `compare_parts`; None for a dump of one part.
        comparison: `compare_profiles`; None where no earlier dump was named.
    """

    described: StageOutput
    texts: StageOutput
    repeats: StageOutput
    words: StageOutput
    images: StageOutput | None = None
    samples: StageOutput | None = None
    parts: StageOutput | None = None
    comparison: StageOutput | None = None

    @property
    def sources(self) -> dict[str, StageOutput]:
        """The outputs that are there, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


@stage(version=1, libraries=("jinja2",))
def render_exploration(
    out: Path,
    dump: ValidatedDump,
    explored: ExploredProducts,
    against_name: str = "",
    own_files: OwnFiles = OWN_FILES,
) -> dict[str, Any]:
    """Write the page of an explored dump.

    Args:
        out: Work folder.
        dump: The dump, its validation page among its outputs.
        explored: The figures shown.
        against_name: What people call the earlier dump; "": none was named.
        own_files: Templates and style sheets; given so that they enter the key.

    Returns:
        Numbers of findings and of bytes of the page.

    Output:
        exploration.html: All of it in one file that loads nothing and runs nothing. Links to figures and to the
            validation page lead to the outputs beside it.
        exploration.md: The findings and the table of classes.
        findings.parquet: level, text, section of each finding.
    """
    described, images, samples = explored.described, explored.images, explored.samples
    files = pd.read_parquet(dump.snapshot.file(SNAPSHOT_FILE), columns=["name", "size"])
    content: dict[str, Any] = {
        "dump_name": dump.name,
        "against_name": against_name,
        "dump_key": dump.snapshot.key,
        "files": len(files),
        "file_bytes": int(files["size"].sum()),
        "labels": LABELS,
        "labels_fr": LABELS_FR,
        "class_count": len(CODES),
        "reported_alike": REPORTED_ALIKE,
        "facts": described.facts,
        "verdict": dump.validation.read_json(VERDICT_FILE),
        "validation_page": f"../{dump.page.key}/{VALIDATION_PAGE}",
        "generated": generated_dumps([dump.name or "This dump"], [dump.snapshot]),
        "folders": {name: f"../{output.key}" for name, output in explored.sources.items()},
        "tables": _tables(explored.sources),
    }
    content |= text_charts.classes(described) | text_charts.missing(described) | text_charts.lengths(described)
    content |= text_charts.languages(described) | text_charts.residue(described, explored.texts)
    content |= text_charts.words(explored.words) | text_charts.alike(explored.words)
    content |= image_charts.images(images) | image_charts.sheets(samples)
    content |= image_charts.repeats(explored.repeats, samples)
    content |= {"parts_compared": image_charts.shifts(explored.parts)}
    content |= {"comparison": image_charts.shifts(explored.comparison)}
    content["findings"] = findings(content)
    pd.DataFrame(content["findings"]).to_parquet(out / FINDINGS_FILE, index=False)
    (out / SUMMARY).write_text(render(own_files, "exploration.md.j2", content), "utf-8")
    page = render(own_files, "exploration.html.j2", content | {"style": own_files.style()})
    (out / PAGE).write_text(page, "utf-8")
    return {"findings": len(content["findings"]), "bytes": len(page.encode())}


def _tables(sources: dict[str, StageOutput]) -> list[tuple[str, str]]:
    """(output's folder, file) of every table of figures."""
    return [
        (f"../{output.key}", path.name)
        for output in sources.values()
        for path in sorted(output.folder.glob("*.parquet"))
    ]
