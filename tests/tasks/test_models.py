"""Which recipes of a plan a run trains on which dumps."""

from pathlib import Path

import pytest

from rakuten.errors import InputError
from rakuten.outputs import StageOutput
from rakuten.recipes import load_plan
from tasks.dumps import Dump
from tasks.models import recipes_for

PLAN = load_plan("demo")
WITH_IMAGES = [recipe.name for recipe in PLAN.recipes if recipe.image_input is not None]


def dump(name: str, *, images: bool, labels: bool = True) -> Dump:
    snapshot = StageOutput(key="record_snapshot-v1-0", folder=Path("nowhere"))
    parts = {"has_train": True, "has_labels": labels, "has_test": True, "has_images": images}
    return Dump(path=Path(name), snapshot=snapshot, **parts)


def test_a_plan_with_image_models_stops_where_no_dump_has_images() -> None:
    assert WITH_IMAGES
    with pytest.raises(InputError) as caught:
        recipes_for(PLAN, "both", dump("a", images=False), dump("b", images=False))
    assert str(caught.value) == (
        f"there are no images in a and b, needed by {', '.join(WITH_IMAGES)}; "
        "--modality text trains its text models alone"
    )
    with pytest.raises(InputError, match=r"no images in a, needed by .*$"):
        recipes_for(PLAN, "image", dump("a", images=False))


def test_text_models_are_trained_without_images_where_they_are_asked_for() -> None:
    recipes = recipes_for(PLAN, "text", dump("a", images=False))
    assert [recipe.name for recipe in recipes] == [
        recipe.name for recipe in PLAN.recipes if recipe.name not in WITH_IMAGES
    ]


def test_images_of_one_dump_are_enough_for_image_models() -> None:
    assert recipes_for(PLAN, "both", dump("a", images=True), dump("b", images=False)) == PLAN.recipes


def test_a_dump_without_labels_is_not_trained_on() -> None:
    with pytest.raises(InputError, match="has no labels to learn from"):
        recipes_for(PLAN, "both", dump("a", images=True, labels=False))
