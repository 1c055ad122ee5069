"""The stage that selects the evaluation of the decision; which one that is, is known only when a fusion was chosen."""

from pathlib import Path

from rakuten.errors import InputError
from rakuten.evaluation.evaluate import METRICS
from rakuten.fusion.scored_models import ScoredModels
from rakuten.stages import stage


@stage(version=1)
def select_decided(out: Path, scored: ScoredModels) -> None:
    """Select the evaluation of the fusion that predictions are made with.

    Args:
        out: Work folder.
        scored: The evaluations and the decision among them.

    Raises:
        InputError: If no evaluation bears the decision's name.

    Output:
        The evaluation's files, as hard links.
    """
    by_name = {evaluation.read_json(METRICS)["name"]: evaluation for evaluation in scored.evaluations}
    name = scored.read_choice()["name"]
    if name not in by_name:
        raise InputError(f"the decision {name!r} has no evaluation; there are {list(by_name)}")
    for file in by_name[name].manifest.files:
        (out / file).hardlink_to(by_name[name].file(file))
