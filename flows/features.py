"""The features flow: everything that trainings on a dump read, and no training."""

from dataclasses import replace

from flows.prepare import prepare
from rakuten.recipes import Plan, Recipe, load_plan
from rakuten.runs.run_outputs import RunOutputs
from tasks import stages
from tasks.dumps import Dump, open_dump
from tasks.models import ModelData, check_images, images_for
from tasks.orchestration.flow_parameters import PlanName
from tasks.orchestration.project_flow import project_flow
from tasks.runs import recorded_run


@project_flow("features")
def features(dump: str, plan: PlanName = "default") -> str:
    """Read, validate, clean and split a dump, and do the work on its images that a plan's models need.

    Args:
        dump: Folder of the dump.
        plan: Name of a plan, or path of a plan file.

    Returns:
        The run's id.

    Raises:
        InputError: If the plan has models of images and the dump has no images.
    """
    chosen = load_plan(plan)
    with recorded_run("features", {"dump": dump, "plan": plan}, chosen) as run:
        opened = open_dump(dump)
        check_images(chosen.recipes, [opened])
        run.finish(compose_features(opened, chosen, chosen.recipes))
    return run.record.run


def compose_features(dump: Dump, plan: Plan, recipes: tuple[Recipe, ...]) -> RunOutputs:
    """Submit what trainings read."""
    prepared = prepare((dump,), plan.cleaning)
    made = prepared.outputs
    if dump.has_labels:
        split = stages.split_products.submit(clean=prepared.clean, recipe=plan.split)
        corpus_words = stages.find_corpus_words.submit(clean=prepared.clean, split=split, recipe=plan.cleaning)
        made = replace(made, split=split, corpus_words=corpus_words)
    data = ModelData(dumps=(dump,), clean=prepared.clean)
    reading = {recipe.name: read for recipe in recipes if (read := recipe.image_input) is not None}
    images = {name: images for name, read in reading.items() if (images := images_for(read, data)) is not None}
    return replace(made, images=images)
