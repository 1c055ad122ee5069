"""The stage that writes the summary of an image study: one HTML file for people, a Markdown for an interface."""

from pathlib import Path
from typing import Any

import pandas as pd

from rakuten.catalogue.classes import LABELS
from rakuten.dumps.snapshot import generated_dumps
from rakuten.outputs import StageOutput
from rakuten.pages.page import picture, render
from rakuten.pages.tables import table_content
from rakuten.pages.template_files import OwnFiles
from rakuten.recipes import ImageStudyPlan
from rakuten.reporting.provenance import environment, total_seconds, trace
from rakuten.reporting.report_files import OWN_FILES
from rakuten.reporting.stages import COSTS_PAGE, REPORT, SUMMARY
from rakuten.reporting.study_steps import CLASSES, CONFUSED, COSTS, STEP, TABLE, plain_rows
from rakuten.stages import stage


@stage(version=2, libraries=("jinja2",))
def render_study(
    out: Path,
    steps: tuple[StageOutput, ...],
    plan: ImageStudyPlan,
    snapshot: StageOutput,
    dump_name: str,
    own_files: OwnFiles = OWN_FILES,
) -> dict[str, Any]:
    """Write the summary of a study.

    Args:
        out: Work folder.
        steps: Of `report_step` and `report_rates`, in the order of the summary.
        plan: What was studied.
        snapshot: Of the dump it was studied on.
        dump_name: What people call the dump.
        own_files: Templates and style sheet; given so that they enter the key.

    Returns:
        Facts: seconds that all stages took together, bytes of the summary, generated (names of dumps of generated
        products).

    Output:
        report.html: All of it in one file that loads nothing and runs nothing.
        report.md: The tables.
        costs.html: Time and memory of all stages. These differ from run to run; nothing else here does.
    """
    made = trace(steps)
    seconds = total_seconds(made)
    content = {
        "plan": plan,
        "dump_name": dump_name,
        "dump_key": snapshot.key,
        "steps": [_step(step) for step in steps],
        "labels": LABELS,
        "generated": generated_dumps([dump_name], [snapshot]),
        "style": own_files.style(),
    }
    costs = pd.concat([pd.read_parquet(step.file(COSTS)) for step in steps], ignore_index=True)
    timed = content | {"seconds": seconds, "steps": made, "costs": table_content(costs)}
    (out / COSTS_PAGE).write_text(render(own_files, "costs.html.j2", timed), "utf-8")
    (out / SUMMARY).write_text(render(own_files, "study.md.j2", content), "utf-8")
    page = render(own_files, "study.html.j2", content | {"environment": environment(made)})
    (out / REPORT).write_text(page, "utf-8")
    facts = {"stage_seconds": round(seconds, 1), "bytes": len(page.encode())}
    return facts | {"generated": content["generated"]}


def _step(step: StageOutput) -> dict[str, Any]:
    """What the templates show of a step."""
    shown = step.read_json(STEP)
    table = pd.read_parquet(step.file(TABLE))
    shown |= {"columns": list(table.columns), "rows": plain_rows(table), "pictures": {}, "classes": None}
    shown.setdefault("below_baseline", {})
    for path in sorted(step.folder.glob("*.png")):
        kind, _, model = path.stem.partition("-")
        shown["pictures"].setdefault(kind, {})[model] = picture(path)
    if (step.folder / CLASSES).is_file():
        classes = pd.read_parquet(step.file(CLASSES))
        shown["classes"] = {
            "models": list(classes["model"].unique()),
            "f1": {model: rows.set_index("prdtypecode")["f1"].to_dict() for model, rows in classes.groupby("model")},
            "reference": {
                model: rows.set_index("prdtypecode")["reference"].to_dict() for model, rows in classes.groupby("model")
            },
            "support": classes.drop_duplicates("prdtypecode").set_index("prdtypecode")["support"].to_dict(),
        }
        shown["confusions"] = plain_rows(pd.read_parquet(step.file(CONFUSED)))
    return shown
