"""The retrain flow: from dumps to scored models, their fusions, a decision, a report and a package."""

import shlex

from flows.fuse import fuse_models
from flows.prepare import prepare
from flows.train import train_models
from rakuten.recipes import Plan, Recipe, load_plan
from rakuten.recipes.plan import Modality
from rakuten.reporting.stages import ReportedRun
from rakuten.runs.run_outputs import RunOutputs
from tasks.dumps import Dump, open_dump
from tasks.models import recipes_for
from tasks.observability.artifacts import TEXT_STUDY, publish_run
from tasks.orchestration.flow_parameters import PlanName
from tasks.orchestration.project_flow import project_flow
from tasks.runs import recorded_run


@project_flow("retrain")
def retrain(
    dump: str, plan: PlanName = "default", modality: Modality = "both", more_dumps: tuple[str, ...] = ()
) -> str:
    """Train a plan's models on a dump, score them, fuse them and report.

    Args:
        dump: Folder of the dump.
        plan: Name of a plan, or path of a plan file.
        modality: Restrict the plan to its text or image models.
        more_dumps: Folders of further dumps, whose products are learnt from together with the first one's; of a product
            in several, the last dump's record counts.

    Returns:
        The run's id, by which `rakuten show` and `rakuten predict --model` know it.
    """
    return retrain_as("retrain", (dump, *more_dumps), plan, modality)


def retrain_as(name: str, dumps: tuple[str, ...], plan: str, modality: Modality) -> str:
    """The body of every flow that trains a plan; `name` is what its run is recorded under."""
    chosen = load_plan(plan)
    first, *more = dumps
    parameters = {"dump": first, "plan": plan, "modality": modality, **({"more_dumps": more} if more else {})}
    with recorded_run(name, parameters, chosen) as run:
        opened = tuple(open_dump(folder) for folder in dumps)
        made = compose(opened, chosen, recipes_for(chosen, modality, *opened), flow=name)
        run.finish(made)
        publish_run(run, chosen, made)
    return run.record.run


def compose(dumps: tuple[Dump, ...], plan: Plan, recipes: tuple[Recipe, ...], flow: str = "retrain") -> RunOutputs:
    """Submit everything a retraining does; also walked by `rakuten plan`."""
    prepared = prepare(dumps, plan.cleaning)
    trained = train_models(prepared, plan, recipes)
    return fuse_models(prepared, trained, ReportedRun(plan, _command(flow, dumps, plan), flow == TEXT_STUDY))


def _command(flow: str, dumps: tuple[Dump, ...], plan: Plan) -> str:
    """What to type for the same run, without this machine's paths."""
    named = [part for dump in dumps for part in ("--dump", dump.name)]
    return shlex.join(["rakuten", flow, *named, "--plan", plan.name])
