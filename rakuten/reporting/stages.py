"""The stage that writes the report of a run: one HTML file for people, a short Markdown for an interface."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from rakuten.catalogue.classes import LABELS
from rakuten.data.named_dump import ValidatedDump
from rakuten.dumps.snapshot import generated_dumps
from rakuten.errors import InputError
from rakuten.evaluation.evaluate import CONFUSION_PICTURE, CONFUSIONS, CURVES_PICTURE, PER_CLASS
from rakuten.fusion.scored_models import ScoredModels
from rakuten.outputs import StageOutput
from rakuten.pages.page import picture, render
from rakuten.pages.tables import records, table_content
from rakuten.pages.template_files import OwnFiles
from rakuten.recipes import Plan
from rakuten.reporting.data_used import count_sides, read_dump, read_parts
from rakuten.reporting.findings import explain, what_changed
from rakuten.reporting.fusion_weights import weights_by_case
from rakuten.reporting.provenance import environment, total_seconds, trace
from rakuten.reporting.published import (
    MAX_VOTE_REMARK,
    is_challenge_catalogue,
    misprints_of,
    published_combination,
    published_fusion_f1,
    published_fusions,
    published_support,
)
from rakuten.reporting.recipe_text import plan_toml, recipe_toml
from rakuten.reporting.report_files import OWN_FILES
from rakuten.reporting.scores import ScoreRow, cost_columns, ranked, score_columns, score_rows
from rakuten.runs.run_outputs import FindingOutputs
from rakuten.stages import stage

REPORT = "report.html"
SUMMARY = "report.md"
LEADERBOARD = "leaderboard.parquet"
COSTS_PAGE = "costs.html"
COSTS = "costs.parquet"

CONFUSIONS_SHOWN = 20
# A single product taken for something else says nothing of its class.
FEWEST_CONFUSED = 2


@dataclass(frozen=True)
class ReportedRun:
    """A run, as its report presents it.

    Attributes:
        plan: What was trained.
        command: What to type to do it again, without this machine's paths.
        is_study: Whether models are only compared: then nothing is said to be decided.
    """

    plan: Plan
    command: str
    is_study: bool = False


@stage(version=2, libraries=("jinja2",))
def render_report(
    out: Path,
    run: ReportedRun,
    dumps: tuple[ValidatedDump, ...],
    clean: StageOutput,
    split: StageOutput,
    scored: ScoredModels,
    findings: FindingOutputs,
    previous: StageOutput | None,
    own_files: OwnFiles = OWN_FILES,
) -> dict[str, Any]:
    """Write the report of a run.

    Args:
        out: Work folder.
        run: What was run.
        dumps: Those it was trained on.
        clean, split: Of all their products.
        scored: The models and fusions, and which of them predicts.
        findings: What explains the decision's score.
        previous: Evaluation that an earlier run's decision got; None where there is none to compare with.
        own_files: Template, style sheet and published figures; given so that they enter the key.

    Returns:
        Facts: f1_weighted of the decision, bytes of the report, generated (names of dumps of generated products),
        has_reference (whether scores stand beside the reference study's).

    Raises:
        InputError: If no evaluation bears the decision's name.

    Output:
        report.html: All of it in one file that loads nothing and runs nothing.
        report.md: The same in short, without pictures.
        leaderboard.parquet: One row a model or fusion, the best weighted F1 first; `score_columns`.
        costs.html: Time and memory that all this took. These differ from run to run; nothing else here does.
        costs.parquet: The same of each model or fusion: model, and `cost_columns`.
    """
    plan, snapshots = run.plan, tuple(dump.snapshot for dump in dumps)
    dump_names = [dump.name for dump in dumps]
    has_reference = is_challenge_catalogue(snapshots, split)
    rows = score_rows(scored.evaluations, plan, has_reference=has_reference)
    choice = scored.read_choice()
    decided = next((row for row in rows if row.name == choice["name"]), None)
    if decided is None:
        raise InputError(f"the decision {choice['name']!r} has no evaluation; there are {[row.name for row in rows]}")
    generated = generated_dumps(dump_names, snapshots)
    content: dict[str, Any] = {
        "plan": plan,
        "dump_name": " and ".join(dump_names),
        "dump_keys": [snapshot.key for snapshot in snapshots],
        "command": run.command,
        "rows": rows,
        "ranked": ranked(rows),
        "decided": decided,
        "reference": decided.published,
        "has_reference": any(row.published for row in rows),
        "generated": generated,
        "is_study": run.is_study,
        "confusions": _worst_confusions(decided),
        "changed": what_changed(previous, decided.evaluation),
        "labels": LABELS,
    }
    board = [score_columns(row, has_reference=has_reference) for row in ranked(rows)]
    pd.DataFrame(board).to_parquet(out / LEADERBOARD, index=False)
    costs = pd.DataFrame([{"model": row.name, **cost_columns(row)} for row in rows])
    costs.to_parquet(out / COSTS, index=False)
    validations = [dump.validation for dump in dumps]
    found = findings.to_roles().values()
    steps = trace([*scored.evaluations, scored.decision, *found, *validations, clean, split])
    content |= (
        _figures(rows, decided)
        | _reference_fusions(rows, plan)
        | {"choice": choice, "weights": weights_by_case(scored.fusions)}
        | explain(findings, rows, decided)
        | {"dumps": list(map(read_dump, dumps))}
        | {"parts": read_parts(clean), "sides": count_sides(split)}
        | {
            "recipes": {recipe.name: recipe_toml(recipe) for recipe in plan.recipes},
            "plan_toml": plan_toml(plan),
            "steps": steps,
            "seconds": total_seconds(steps),
            "environment": environment(steps),
            "style": own_files.style(),
        }
    )
    (out / SUMMARY).write_text(render(own_files, "report.md.j2", content), "utf-8")
    (out / COSTS_PAGE).write_text(
        render(own_files, "costs.html.j2", content | {"costs": table_content(costs)}), "utf-8"
    )
    page = render(own_files, "report.html.j2", content)
    (out / REPORT).write_text(page, "utf-8")
    facts = {"f1_weighted": decided.f1_weighted, "bytes": len(page.encode())}
    return facts | {"generated": generated, "has_reference": has_reference}


def _figures(rows: list[ScoreRow], decided: ScoreRow) -> dict[str, Any]:
    """Tables by class and pictures; a class without test products has no F1."""
    by_class = _per_class(decided).sort_values("f1", kind="stable")
    by_class = pd.concat([by_class[by_class["support"] > 0], by_class[by_class["support"] == 0]])
    f1 = {row.name: _f1_by_class(row) for row in rows}
    pictures = {row.name: row.evaluation.folder / CURVES_PICTURE for row in rows}
    return {
        "axis": _axis(rows),
        "by_class": by_class.to_dict("records"),
        "published_support": published_support(),
        "f1_by_model": f1,
        "published_by_class": {row.published.model: row.published for row in rows if row.published},
        "confusion_picture": picture(decided.evaluation.file(CONFUSION_PICTURE)),
        "curves": {name: picture(path) for name, path in pictures.items() if path.is_file()},
    }


def _reference_fusions(rows: list[ScoreRow], plan: Plan) -> dict[str, Any]:
    """The study's votes of the same models, where the run reproduces one of its combinations."""
    combination = published_combination(plan) if any(row.published for row in rows) else None
    if combination is None:
        return {"published_fusions": [], "published_fusion_f1": {}}
    f1 = published_fusion_f1(combination)
    return {
        "published_fusions": published_fusions(combination),
        "published_fusion_f1": f1,
        "misprints": {vote: misprints_of(combination, vote) for vote in f1},
        "max_vote_remark": MAX_VOTE_REMARK,
    }


def _f1_by_class(row: ScoreRow) -> dict[int, float | None]:
    table = _per_class(row)
    columns = zip(table["prdtypecode"].tolist(), table["f1"].tolist(), table["support"].tolist(), strict=True)
    return {code: f1 if support else None for code, f1, support in columns}


def _per_class(row: ScoreRow) -> pd.DataFrame:
    return pd.read_parquet(row.evaluation.file(PER_CLASS))


def _worst_confusions(decided: ScoreRow) -> list[dict[str, Any]]:
    confusions = pd.read_parquet(decided.evaluation.file(CONFUSIONS))
    shown = confusions[confusions["count"] >= FEWEST_CONFUSED].head(CONFUSIONS_SHOWN)
    return records(shown)


def _axis(rows: list[ScoreRow]) -> dict[str, float]:
    """Ends of the scale on which scores are drawn, whole tenths around all of them."""
    drawn = [end for row in rows for end in row.interval]
    drawn += [row.published.f1_weighted for row in rows if row.published]
    low, high = min(int(min(drawn) * 10), 9) / 10, min(int(max(drawn) * 10) + 1, 10) / 10
    return {"low": low, "high": high, "width": high - low}
