"""The nightly flow: a retraining on the newest complete dump of the catalogue, and its models at the gate."""

from flows.drift import drift
from flows.promote import promote_run
from flows.retrain import retrain
from rakuten.recipes.plan import Modality
from tasks.catalogue import newest_dump
from tasks.observability.artifacts import publish_night
from tasks.orchestration.flow_parameters import PlanName
from tasks.orchestration.nightly_priority import going_first
from tasks.orchestration.project_flow import project_flow
from tasks.orchestration.run_names import rename_run
from tasks.promotion import learnt_from_others, reigning_run


@project_flow("nightly")
def nightly(catalogue: str = "", plan: PlanName = "default", modality: Modality = "both") -> str:
    """Retrain on the newest complete dump of a catalogue and hold the models against the champion.

    How the dump differs from what the champion learnt from is measured once the models are decided on, where it is
    another dump. Everything else that trains gives way.

    Args:
        catalogue: Folder of dumps; empty: the folder RAKUTEN_CATALOGUE of the machine that runs it.
        plan: Name of a plan, or path of a plan file.
        modality: Restrict the plan to its text or image models.

    Returns:
        The retraining's run id.
    """
    newest = newest_dump(catalogue)
    rename_run(newest.name, plan)
    champion = reigning_run()
    with going_first():
        run = retrain(dump=str(newest.path), plan=plan, modality=modality)
        publish_night(run, promote_run(run))
        if champion and learnt_from_others(champion, run):
            drift(dump=str(newest.path), model=champion)
    return run
