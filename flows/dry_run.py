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
from rakuten.runs.planning import Expectation, planning
from rakuten.settings import Settings
from tasks.dumps import open_dump
from tasks.models import check_images, recipes_for
from tasks.predictions import find_package, run_behind
from tasks.promotion import run_of


def expected_stages(
    flow: str,
    dumps: Sequence[str],
    plan: str = "default",
    modality: Modality = "both",
    model: str = CHAMPION,
) -> list[Expectation]:
    """What each stage of a run would do, in order of composition.

    Args:
        flow: "score", "drift", "features", or any flow that trains a plan.
        dumps: Folders of the dumps; one, unless the flow trains a plan.
        plan, modality, model: As the flow takes them.

    Raises:
        InputError: If the flow would refuse the dump.
    """
    with planning(OutputStore(Settings().outputs_folder)) as planner:
        opened = tuple(open_dump(folder) for folder in dumps)
        if flow == "score":
            compose_scoring(opened[0], find_package(model), run_behind(model))
        elif flow == "drift":
            compose_drift(opened[0], run_of(model))
        elif flow == "features":
            chosen = load_plan(plan)
            check_images(chosen.recipes, opened)
            compose_features(opened[0], chosen, chosen.recipes)
        else:
            chosen = load_plan(plan)
            compose(opened, chosen, recipes_for(chosen, modality, *opened), flow)
    return planner.expectations
