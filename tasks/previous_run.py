"""The run that a report compares itself with: the newest earlier one of the same plan that answered otherwise.

Of the same models, too. A run that answered all test products alike is passed over. So a run that is done again finds
what the first one found, its report has the key it had, and nothing is made twice.
"""

from rakuten.evaluation.predictions import PREDICTIONS
from rakuten.outputs import StageOutput
from rakuten.outputs.stage_output import MANIFEST
from rakuten.runs.records import Status
from tasks.look_up import OutputLookUp
from tasks.runs import run_book


@OutputLookUp
def find_previous(decided: StageOutput, plan: str, models: list[str]) -> StageOutput | None:
    """Look for the earlier run.

    Args:
        decided: Evaluation of this run's decision.
        plan: Name of the plan.
        models: Names of the recipes that are trained, sorted.

    Returns:
        Evaluation of that run's decision, or None where there is no such run.
    """
    book = run_book()
    for record in book.all():
        if record.status is not Status.COMPLETED or record.plan_name != plan or record.decision is None:
            continue
        made = book.outputs(record)
        evaluation = made.evaluations.get(record.decision)
        if evaluation is None or sorted(made.models) != models:
            continue
        found = book.store.find(evaluation.key)
        if found and PREDICTIONS in found.manifest.files and _answers(found) != _answers(decided):
            return found
    return None


def _answers(evaluation: StageOutput) -> str | None:
    """Digest of the predictions; None of an evaluation that is only planned."""
    if not (evaluation.folder / MANIFEST).is_file():
        return None
    return evaluation.manifest.files[PREDICTIONS].sha256
