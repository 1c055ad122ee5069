"""What a run shows in the Prefect UI: scores, confusions, report, files, verdict of the contracts, explorations."""

from collections.abc import Mapping
from typing import Any

from rakuten.data.validation_page import PAGE as VALIDATION_PAGE
from rakuten.evaluation.evaluate import CONFUSION_PICTURE, RELIABILITY_PICTURE
from rakuten.evaluation.rate_curve import CHOICE, RATE_PICTURE
from rakuten.exploration.page import PAGE
from rakuten.exploration.page import SUMMARY as EXPLORATION_SUMMARY
from rakuten.fusion.stages import DECISION
from rakuten.outputs import StageOutput
from rakuten.pages.markdown import escape_markdown
from rakuten.pages.page import picture
from rakuten.recipes import Plan, Recipe
from rakuten.reporting.scores import score_table
from rakuten.reporting.stages import REPORT, SUMMARY
from rakuten.reporting.study_steps import TITLES, table_rows
from tasks.dumps import Dump
from tasks.events import tell_of_broken_contract
from tasks.futures import output_of
from tasks.publishing import publish_link, publish_markdown, publish_table
from tasks.runs import OpenRun, run_book
from tasks.study import ImageStudy

EVALUATION = "evaluation "
# A study compares models: its table is a leaderboard, and nothing is decided by it.
TEXT_STUDY = "study-text"


def publish_run(run: OpenRun, plan: Plan, evaluations: Mapping[str, Any], decision: Any, report: Any) -> None:
    """Show a retraining's scores, confusions, report and files, and record the scores.

    Args:
        run: The run; its outputs are known.
        plan: What was run.
        evaluations: Futures of the evaluations, by name of what was evaluated.
        decision: Future of the decision.
        report: Future of the report.
    """
    name = run.record.run
    rendered = output_of(report)
    scored = {f"{EVALUATION}{evaluated}": future for evaluated, future in evaluations.items()}
    publish_scores(run, plan, scored, has_reference=rendered.facts["has_reference"])
    run.decision = str(output_of(decision).read_json(DECISION)["name"])
    publish_markdown(
        "\n\n".join(
            [rendered.file(SUMMARY).read_text("utf-8"), *_pictures(output_of(evaluations[run.decision]), run.decision)]
        ),
        key="report",
        description=f"Run {name}, in short",
    )
    publish_link(rendered.file(REPORT), key="report-file", description=f"HTML report of run {name}")
    files = [_origin(run, role, key) for role, key in run.outputs.items()]
    publish_table(files, key="files", description=f"Where the outputs of run {name} are, and came from")


def publish_night(run: str, decision: str) -> None:
    """Show on a nightly run what its retraining shows: scores and report, under the decision on its models.

    Args:
        run: Id of the retraining.
        decision: The gate's decision in words.
    """
    book = run_book()
    record = book.find(run)
    report = book.output(record, "report")
    summary = report.file(SUMMARY).read_text("utf-8")
    publish_markdown(f"{escape_markdown(decision)}\n\n{summary}", key="report", description=f"Run {run}, in short")
    publish_link(report.file(REPORT), key="report-file", description=f"HTML report of run {run}")
    if record.scores:
        publish_table(record.scores, key="scores", description=f"Scores on test products, run {run}")


def _origin(run: OpenRun, role: str, key: str) -> dict[str, Any]:
    """Which run made an output, or when and where an earlier one did."""
    folder = run_book().store.folder / key
    made = StageOutput(key=key, folder=folder).manifest
    earlier = f"{made.started[:16].replace('T', ' ')} on {made.host}"
    by = "this run" if made.started >= run.record.started else earlier
    return {"output": role, "made": by, "seconds": round(made.seconds, 1), "folder": str(folder)}


def publish_scores(run: OpenRun, plan: Plan, composed: Mapping[str, Any], *, has_reference: bool = False) -> None:
    """Show a run's scores and record them.

    Args:
        run: The run.
        plan: What was run.
        composed: Futures by role; those of roles that begin with "evaluation" are shown.
        has_reference: Whether scores can stand beside the reference study's.
    """
    evaluations = [output_of(future) for role, future in composed.items() if role.startswith(EVALUATION)]
    best_first = run.record.flow == TEXT_STUDY
    run.scores = score_table(tuple(evaluations), plan, has_reference=has_reference, best_first=best_first)
    if run.scores:
        publish_table(run.scores, key="scores", description=f"Scores on test products, run {run.record.run}")


def publish_rate(recipe: Recipe, found: StageOutput, drawn: StageOutput) -> None:
    """Show the learning rate that was found for a recipe, and its curve.

    Args:
        recipe: What it was found for.
        found: Has the choice.
        drawn: Has the picture.
    """
    publish_table([found.read_json(CHOICE)], key="learning-rate", description=f"Learning rate found for {recipe.name}")
    publish_markdown(
        f"![loss by learning rate]({picture(drawn.file(RATE_PICTURE))})",
        key="learning-rate-curve",
        description=f"Loss of {recipe.name} by learning rate",
    )


def publish_study(run: OpenRun, study: ImageStudy) -> None:
    """Show an image study's tables and summary, and record the scores of what went on after step 1.

    Args:
        run: The run; its outputs are known.
        study: The study; it has come to its end.
    """
    store = run_book().store
    for step, future in study.reports.items():
        rows = table_rows(output_of(future))
        publish_table(rows, key=f"step-{step.replace('_', '-')}", description=f"{TITLES[step]}, run {run.record.run}")
        if step != "rates":
            run.scores += [{"step": step, **row} for row in rows if study.goes_on(row["model"])]
    run.decision = max(run.scores, key=lambda row: row["validation_f1"])["model"]
    rendered = StageOutput(key=run.outputs["report"], folder=store.folder / run.outputs["report"])
    summary = rendered.file(SUMMARY).read_text("utf-8")
    publish_markdown(summary, key="report", description=f"Run {run.record.run}, in short")
    publish_link(rendered.file(REPORT), key="report-file", description=f"HTML report of run {run.record.run}")


def _pictures(evaluation: StageOutput, decision: str) -> list[str]:
    """Pictures of what decides, within the text: Prefect's UI serves no files."""
    shown = {"confusion matrix": CONFUSION_PICTURE, "reliability": RELIABILITY_PICTURE}
    return [
        f"![{name} of the {escape_markdown(decision)}]({picture(evaluation.file(file))})"
        for name, file in shown.items()
    ]


def publish_validation(dump: Dump, validation: StageOutput, page: StageOutput) -> str:
    """Show the contracts' verdict and where its page is; broken contracts are an event, too.

    Returns:
        The key of the page's output.
    """
    verdict = validation.read_json("verdict.json")
    lines = [f"# Contracts {'hold' if verdict['ok'] else 'are broken'}"]
    lines += [f"- {escape_markdown(line)}" for line in verdict["summary"]]
    publish_markdown("\n".join(lines), key="contracts")
    publish_link(page.file(VALIDATION_PAGE), key="validation-page", description="Page of the contracts")
    if not verdict["ok"]:
        tell_of_broken_contract(dump.path.name, "; ".join(verdict["failures"]))
    return page.key


def publish_exploration(page: StageOutput) -> str:
    """Show what a dump's exploration found, and where its page is.

    Returns:
        The key of the page's output.
    """
    publish_markdown(page.file(EXPLORATION_SUMMARY).read_text("utf-8"), key="exploration")
    publish_link(page.file(PAGE), key="exploration-page", description="Page of the explored dump")
    return page.key
