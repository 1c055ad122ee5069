"""What a run of a flow would do, found by composing it without running it."""

from collections.abc import Sequence

from flows.drift import compose_drift
from flows.features import compose_features
from flows.retrain import compose
from flows.score import compose_scoring
from rakuten.outputs import OutputStore
from rakuten.promotion.naming import CHAMPION
from rakuten.recipes import load_plan
from rakuten.recipes.plan import Modality
from rakuten.settings import Settings
from tasks.artifacts import TEXT_STUDY
from tasks.dumps import open_dump
from tasks.models import check_images, recipes_for
from tasks.planning import Expectation, planning
from tasks.predictions import find_package, run_behind
from tasks.promotion import run_of


def expected_stages(
    flow: str,
    dump: str,
    plan: str = "default",
    modality: Modality = "both",
    model: str = CHAMPION,
    more_dumps: Sequence[str] = (),
) -> list[Expectation]:
    """What each stage of a run would do, in order of composition.

    Args:
        flow: "score", "drift", "features", or any flow that trains a plan.
        dump: Folder of the dump.
        plan, modality, model, more_dumps: As the flow takes them.

    Raises:
        InputError: If the flow would refuse the dump.
    """
    with planning(OutputStore(Settings().outputs_folder)) as planner:
        opened = open_dump(dump)
        if flow == "score":
            compose_scoring(opened, find_package(model), run_behind(model))
        elif flow == "drift":
            compose_drift(opened, run_of(model))
        elif flow == "features":
            chosen = load_plan(plan)
            check_images(chosen.recipes, [opened])
            compose_features(opened, chosen, chosen.recipes)
        else:
            more = tuple(open_dump(folder) for folder in more_dumps)
            chosen = load_plan(plan)
            compose((opened, *more), chosen, recipes_for(chosen, modality, opened, *more), is_study=flow == TEXT_STUDY)
    return planner.expectations
