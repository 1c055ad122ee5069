"""What a run shows in the Prefect UI: score table, report in short, verdict of the contracts."""

from collections.abc import Mapping
from typing import Any

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from rakuten.outputs import StageOutput
from rakuten.recipes import Plan
from rakuten.reporting.scores import score_table
from tasks.futures import output_of


def publish_run(run: str, plan: Plan, evaluations: Mapping[str, Any], report: Any) -> list[dict[str, Any]]:
    """Show a retraining's scores and report.

    Args:
        run: The run's id.
        plan: What was run.
        evaluations: Futures of the evaluations, by name of what was evaluated.
        report: Future of the report.

    Returns:
        The score table, a dict a row.
    """
    scores = score_table(tuple(output_of(future) for future in evaluations.values()), plan)
    rendered = output_of(report)
    create_table_artifact(scores, key="scores", description=f"Scores on test products, run {run}")
    create_markdown_artifact(rendered.file("report.md").read_text("utf-8"), key="report")
    create_link_artifact(rendered.file("report.html").as_uri(), key="report-file", description="HTML report")
    return scores


def publish_validation(validation: StageOutput) -> str:
    """Show the contracts' verdict.

    Returns:
        The key of the validation's output.
    """
    verdict = validation.read_json("verdict.json")
    lines = [f"# Contracts {'hold' if verdict['ok'] else 'are broken'}", *(f"- {line}" for line in verdict["summary"])]
    create_markdown_artifact("\n".join(lines), key="contracts")
    return validation.key
