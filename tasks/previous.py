"""The run that a report compares itself with: the newest earlier one of the same plan that answered otherwise.

Of the same models, too. A run that answered all test products alike is passed over. So a run that is done again finds
what the first one found, its report has the key it had, and nothing is made twice.
"""

from collections.abc import Collection
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from rakuten.evaluation.predictions import PREDICTIONS
from rakuten.outputs import StageOutput
from rakuten.outputs.runs import RunRecord, Status
from rakuten.outputs.stage_output import MANIFEST
from tasks.futures import remembered
from tasks.planning import current_planner
from tasks.runs import run_book


def find_previous(decided: Any, plan: str, models: Collection[str]) -> Any:
    """Look for the earlier run; a task in a run, a plain call while planning.

    Args:
        decided: Evaluation of this run's decision, or its future.
        plan: Name of the plan.
        models: Names of the recipes that are trained.

    Returns:
        Evaluation of that run's decision, or None where there is no such run; in a run a future of it.
    """
    if current_planner():
        return _find(decided, plan, sorted(models))
    return remembered(_find_previous.submit(decided, plan, sorted(models)))


def _find(decided: StageOutput, plan: str, models: list[str]) -> StageOutput | None:
    book = run_book()
    for record in book.all():
        if record.status is Status.COMPLETED and record.plan_name == plan and _models(record) == models:
            found = book.store.find(record.outputs.get(f"evaluation {record.decision}", ""))
            if found and PREDICTIONS in found.manifest.files and _answers(found) != _answers(decided):
                return found
    return None


def _answers(evaluation: StageOutput) -> str | None:
    """Digest of the predictions; None of an evaluation that is only planned."""
    if not (evaluation.folder / MANIFEST).is_file():
        return None
    return evaluation.manifest.files[PREDICTIONS].sha256


def _models(record: RunRecord) -> list[str]:
    return sorted(role.removeprefix("model ") for role in record.outputs if role.startswith("model "))


# What it finds depends on the runs there are; the stage that is given it knows it by its key.
_find_previous = task(name="find_previous", cache_policy=NO_CACHE, persist_result=False)(_find)
