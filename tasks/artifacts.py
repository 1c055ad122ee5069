"""What a run shows in the Prefect UI: scores, confusions, report, files, verdict of the contracts."""

from collections.abc import Mapping
from typing import Any

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from rakuten.evaluation.evaluate import CONFUSION_PICTURE
from rakuten.fusion.stages import DECISION
from rakuten.outputs import StageOutput
from rakuten.recipes import Plan
from rakuten.reporting.page import picture
from rakuten.reporting.scores import score_table
from rakuten.reporting.stages import REPORT, SUMMARY
from tasks.dumps import Dump
from tasks.events import tell_of_broken_contract
from tasks.futures import output_of
from tasks.runs import OpenRun, run_book

EVALUATION = "evaluation "


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
    publish_scores(run, plan, {f"{EVALUATION}{evaluated}": future for evaluated, future in evaluations.items()})
    run.decision = str(output_of(decision).read_json(DECISION)["name"])
    rendered = output_of(report)
    create_markdown_artifact(
        rendered.file(SUMMARY).read_text("utf-8"), key="report", description=f"Run {name}, in short"
    )
    # Within the text: Prefect's UI serves no files.
    confusion = output_of(evaluations[run.decision]).file(CONFUSION_PICTURE)
    create_markdown_artifact(
        f"![confusion matrix of the {run.decision}]({picture(confusion)})",
        key="confusion-matrix",
        description=f"True against predicted classes, {run.decision}, run {name}",
    )
    create_link_artifact(rendered.file(REPORT).as_uri(), key="report-file", description=f"HTML report of run {name}")
    files = [_origin(run, role, key) for role, key in run.outputs.items()]
    create_table_artifact(files, key="files", description=f"Where the outputs of run {name} are, and came from")


def _origin(run: OpenRun, role: str, key: str) -> dict[str, Any]:
    """Which run made an output, or when and where an earlier one did."""
    folder = run_book().store.folder / key
    made = StageOutput(key=key, folder=folder).manifest
    earlier = f"{made.started[:16].replace('T', ' ')} on {made.host}"
    by = "this run" if made.started >= run.record.started else earlier
    return {"output": role, "made": by, "seconds": round(made.seconds, 1), "folder": str(folder)}


def publish_scores(run: OpenRun, plan: Plan, composed: Mapping[str, Any]) -> None:
    """Show a run's scores and record them.

    Args:
        run: The run.
        plan: What was run.
        composed: Futures by role; those of roles that begin with "evaluation" are shown.
    """
    evaluations = [output_of(future) for role, future in composed.items() if role.startswith(EVALUATION)]
    run.scores = score_table(tuple(evaluations), plan)
    if run.scores:
        create_table_artifact(run.scores, key="scores", description=f"Scores on test products, run {run.record.run}")


def publish_validation(dump: Dump, validation: StageOutput) -> str:
    """Show the contracts' verdict; broken contracts are an event, too.

    Returns:
        The key of the validation's output.
    """
    verdict = validation.read_json("verdict.json")
    lines = [f"# Contracts {'hold' if verdict['ok'] else 'are broken'}", *(f"- {line}" for line in verdict["summary"])]
    create_markdown_artifact("\n".join(lines), key="contracts")
    if not verdict["ok"]:
        tell_of_broken_contract(dump.path.name, "; ".join(verdict["failures"]))
    return validation.key
