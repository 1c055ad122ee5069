"""What a run shows in the Prefect UI: scores, confusions, report, files, verdict of the contracts, explorations."""

from collections.abc import Mapping
from typing import Any

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from rakuten.evaluation.evaluate import CONFUSION_PICTURE
from rakuten.exploration.page import PAGE
from rakuten.exploration.page import SUMMARY as EXPLORATION_SUMMARY
from rakuten.fusion.votes import vote_name
from rakuten.outputs import StageOutput
from rakuten.pages.page import picture
from rakuten.recipes import Plan
from rakuten.reporting.scores import score_table
from rakuten.reporting.stages import REPORT, SUMMARY
from tasks.futures import output_of
from tasks.runs import OpenRun, run_book


def publish_run(run: OpenRun, plan: Plan, evaluations: Mapping[str, Any], report: Any) -> None:
    """Show a retraining's scores, confusions, report and files, and record the scores.

    Args:
        run: The run; its outputs are known.
        plan: What was run.
        evaluations: Futures of the evaluations, by name of what was evaluated.
        report: Future of the report.
    """
    name = run.record.run
    found = {evaluated: output_of(future) for evaluated, future in evaluations.items()}
    run.scores = score_table(tuple(found.values()), plan)
    rendered = output_of(report)
    create_table_artifact(run.scores, key="scores", description=f"Scores on test products, run {name}")
    create_markdown_artifact(
        rendered.file(SUMMARY).read_text("utf-8"), key="report", description=f"Run {name}, in short"
    )
    decision = vote_name(plan.fusion.decision)
    # Within the text: Prefect's UI serves no files.
    confusion = found[decision].file(CONFUSION_PICTURE)
    create_markdown_artifact(
        f"![confusion matrix of the {decision}]({picture(confusion)})",
        key="confusion-matrix",
        description=f"True against predicted classes, {decision}, run {name}",
    )
    create_link_artifact(rendered.file(REPORT).as_uri(), key="report-file", description=f"HTML report of run {name}")
    folder = run_book().store.folder
    files = [{"output": role, "folder": str(folder / key)} for role, key in run.outputs.items()]
    create_table_artifact(files, key="files", description=f"Where the outputs of run {name} are")


def publish_validation(validation: StageOutput) -> str:
    """Show the contracts' verdict.

    Returns:
        The key of the validation's output.
    """
    verdict = validation.read_json("verdict.json")
    lines = [f"# Contracts {'hold' if verdict['ok'] else 'are broken'}", *(f"- {line}" for line in verdict["summary"])]
    create_markdown_artifact("\n".join(lines), key="contracts")
    return validation.key


def publish_exploration(page: StageOutput) -> str:
    """Show what a dump's exploration found, and where its page is.

    Returns:
        The key of the page's output.
    """
    create_markdown_artifact(page.file(EXPLORATION_SUMMARY).read_text("utf-8"), key="exploration")
    create_link_artifact(page.file(PAGE).as_uri(), key="exploration-page", description="Page of the explored dump")
    return page.key
