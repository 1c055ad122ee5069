"""The features flow: everything that trainings on a dump read, and no training."""

from typing import Any

from flows.declaring import project_flow
from flows.parameters import PlanName
from flows.prepare import prepare
from rakuten.recipes import Plan, Recipe, load_plan
from tasks import stages
from tasks.dumps import Dump, open_dump
from tasks.futures import outputs_of
from tasks.models import ModelData, check_images, images_for
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
        run.outputs |= outputs_of({"snapshot": opened.snapshot, **compose_features(opened, chosen, chosen.recipes)})
    return run.record.run


def compose_features(dump: Dump, plan: Plan, recipes: tuple[Recipe, ...]) -> dict[str, Any]:
    """Submit what trainings read; futures by role."""
    prepared = prepare(dump, plan.cleaning)
    composed = prepared.roles
    if dump.has_labels:
        split = stages.split_products.submit(clean=prepared.clean, recipe=plan.split)
        corpus_words = stages.find_corpus_words.submit(clean=prepared.clean, split=split, recipe=plan.cleaning)
        composed |= {"split": split, "corpus words": corpus_words}
    data = ModelData(dump=dump, clean=prepared.clean, corpus_words=None)
    return composed | {
        f"images {recipe.name}": images_for(read, data)
        for recipe in recipes
        if (read := recipe.image_input) is not None
    }
