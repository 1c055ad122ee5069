"""What a run shows in the Prefect UI: scores, confusions, report, files, verdict of the contracts, explorations."""

from rakuten.contracts.validation import VERDICT_FILE
from rakuten.contracts.validation_page import PAGE as VALIDATION_PAGE
from rakuten.data.named_dump import ValidatedDump
from rakuten.evaluation.evaluate import CONFUSION_PICTURE, RELIABILITY_PICTURE
from rakuten.exploration.page import PAGE
from rakuten.exploration.page import SUMMARY as EXPLORATION_SUMMARY
from rakuten.fusion.stages import DECISION
from rakuten.outputs import StageOutput
from rakuten.pages.markdown import escape_markdown
from rakuten.pages.page import picture
from rakuten.recipes import Plan, Recipe
from rakuten.reporting.lr_curve import CHOICE, RATE_PICTURE
from rakuten.reporting.scores import score_table
from rakuten.reporting.stages import REPORT, SUMMARY
from rakuten.reporting.study_steps import TITLES, table_rows
from rakuten.runs.run_outputs import RunOutputs
from tasks.observability.events import tell_of_broken_contract
from tasks.observability.publishing import publish_link, publish_markdown, publish_table
from tasks.runs import OpenRun, run_book
from tasks.study import ImageStudy

# A study compares models: its table is a leaderboard, and nothing is decided by it.
TEXT_STUDY = "study-text"


def publish_run(run: OpenRun, plan: Plan, made: RunOutputs) -> None:
    """Show a retraining's scores, confusions, report and files, and record the scores.

    Args:
        run: The run; its outputs are known.
        plan: What was run.
        made: Its outputs, a decision and a report among them.
    """
    name = run.record.run
    assert made.report is not None
    assert made.decision is not None
    rendered = made.report
    publish_scores(run, plan, made, has_reference=rendered.facts["has_reference"])
    run.decision = str(made.decision.read_json(DECISION)["name"])
    publish_markdown(
        "\n\n".join(
            [rendered.file(SUMMARY).read_text("utf-8"), *_pictures(made.evaluations[run.decision], run.decision)]
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


def _origin(run: OpenRun, role: str, key: str) -> dict[str, object]:
    """Which run made an output, or when and where an earlier one did."""
    folder = run_book().store.folder / key
    made = StageOutput(key=key, folder=folder).manifest
    earlier = f"{made.started[:16].replace('T', ' ')} on {made.host}"
    by = "this run" if made.started >= run.record.started else earlier
    return {"output": role, "made": by, "seconds": round(made.seconds, 1), "folder": str(folder)}


def publish_scores(run: OpenRun, plan: Plan, made: RunOutputs, *, has_reference: bool = False) -> None:
    """Show a run's scores and record them.

    Args:
        run: The run.
        plan: What was run.
        made: Its outputs, of which the evaluations are shown.
        has_reference: Whether scores can stand beside the reference study's.
    """
    evaluations = tuple(made.evaluations.values())
    best_first = run.record.flow == TEXT_STUDY
    run.scores = score_table(evaluations, plan, has_reference=has_reference, best_first=best_first)
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


def publish_study(run: OpenRun, study: ImageStudy, summary: StageOutput) -> None:
    """Show an image study's tables and summary, and record the scores of what went on after step 1.

    Args:
        run: The run; its outputs are known.
        study: The study; it has come to its end.
        summary: Its report.
    """
    for step, rendered in study.reports.items():
        title = f"{TITLES[step]}, run {run.record.run}"
        publish_table(table_rows(rendered), key=f"step-{step.replace('_', '-')}", description=title)
    kept = [
        {"step": step, **row}
        for step, rendered in study.reports.items()
        for row in (table_rows(rendered) if step != "rates" else ())
        if study.goes_on(row["model"])
    ]
    run.scores += kept
    run.decision = max(kept, key=lambda row: row["validation_f1"])["model"]
    text = summary.file(SUMMARY).read_text("utf-8")
    publish_markdown(text, key="report", description=f"Run {run.record.run}, in short")
    publish_link(summary.file(REPORT), key="report-file", description=f"HTML report of run {run.record.run}")


def _pictures(evaluation: StageOutput, decision: str) -> list[str]:
    """Pictures of what decides, within the text: Prefect's UI serves no files."""
    shown = {"confusion matrix": CONFUSION_PICTURE, "reliability": RELIABILITY_PICTURE}
    return [
        f"![{name} of the {escape_markdown(decision)}]({picture(evaluation.file(file))})"
        for name, file in shown.items()
    ]


def publish_validation(dump: ValidatedDump) -> str:
    """Show the contracts' verdict and where its page is; broken contracts are an event, too.

    Returns:
        The key of the page's output.
    """
    verdict = dump.validation.read_json(VERDICT_FILE)
    lines = [f"# Contracts {'hold' if verdict['ok'] else 'are broken'}"]
    lines += [f"- {escape_markdown(line)}" for line in verdict["summary"]]
    publish_markdown("\n".join(lines), key="contracts")
    publish_link(dump.page.file(VALIDATION_PAGE), key="validation-page", description="Page of the contracts")
    if not verdict["ok"]:
        tell_of_broken_contract(dump.name, "; ".join(verdict["failures"]))
    return dump.page.key


def publish_exploration(page: StageOutput) -> str:
    """Show what a dump's exploration found, and where its page is.

    Returns:
        The key of the page's output.
    """
    publish_markdown(page.file(EXPLORATION_SUMMARY).read_text("utf-8"), key="exploration")
    publish_link(page.file(PAGE), key="exploration-page", description="Page of the explored dump")
    return page.key
