"""The plan of an image study: which recipes each step has, given what the steps before it found."""

from pathlib import Path

import pytest

from rakuten.errors import RecipeError
from rakuten.models.building import check_recipe
from rakuten.recipes import image_study_names, load_image_study, load_recipe
from rakuten.recipes.loading import STUDIES

STUDY = load_image_study("image_study")
# Every recipe that is not named here is worse.
FOUND = {recipe.name: 0.1 for recipe in STUDY.selection_recipes()} | {
    "xception_299px_batch64_40epochs": 0.60,
    "xception_224px_batch64_40epochs": 0.56,
    "densenet121_224px_batch64_20epochs": 0.61,
    "densenet121_224px_batch32_40epochs": 0.61,
    "vgg16_128px_batch32_10epochs": 0.50,
}


@pytest.mark.parametrize("name", image_study_names())
def test_every_recipe_of_a_study_is_one_that_can_be_built(name: str) -> None:
    plan = load_image_study(name)
    best = plan.best({recipe.name: 0.5 for recipe in plan.selection_recipes()})
    rates = {recipe.name: 1e-3 for recipe in best}
    later = (*plan.augmented_recipes(best), *plan.fine_tuning_recipes(best), *plan.final_recipes(best, rates))
    recipes = (*plan.selection_recipes(), *later, *plan.extras)
    assert len({recipe.name for recipe in recipes}) == len(recipes)
    for recipe in recipes:
        check_recipe(recipe)


def test_step_1_has_each_backbone_in_each_size_batch_size_and_number_of_epochs() -> None:
    recipes = STUDY.selection_recipes()
    assert len({recipe.backbone.name for recipe in recipes}) == 10
    xception = {
        (recipe.backbone.input_size, recipe.fit.batch_size, recipe.fit.epochs)
        for recipe in recipes
        if recipe.backbone.name == "Xception"
    }
    assert xception == {(size, batch, epochs) for size in (224, 299) for batch in (32, 64) for epochs in (10, 20, 40)}


def test_each_of_the_best_backbones_goes_on_with_its_best_recipe() -> None:
    best = STUDY.model_copy(update={"keep": 3}).best(FOUND)
    assert [recipe.name for recipe in best] == [
        "densenet121_224px_batch32_40epochs",
        "xception_299px_batch64_40epochs",
        "vgg16_128px_batch32_10epochs",
    ]
    assert len(STUDY.best(FOUND)) == 5


def test_a_refused_recipe_is_not_chosen() -> None:
    left = {name: f1 for name, f1 in FOUND.items() if not name.startswith("densenet121")}
    assert STUDY.best(left)[0].backbone.name == "Xception"
    assert STUDY.best({}) == ()


def test_the_report_s_finalists_get_the_report_s_networks() -> None:
    best = STUDY.best(FOUND)
    of_report = load_recipe("image_xception_fine_tuned")
    (ours,) = [recipe for recipe in STUDY.fine_tuning_recipes(best) if recipe.backbone.name == "Xception"]
    assert ours.model_copy(update={"name": of_report.name}) == of_report
    (final,) = [
        recipe
        for recipe in STUDY.final_recipes(best, {"xception_299px_batch64_40epochs": 4e-4})
        if recipe.backbone.name == "Xception"
    ]
    assert final.model_copy(update={"name": "image_xception"}) == load_recipe("image_xception")


def test_step_5_may_unfreeze_other_layers_and_leaves_out_who_has_no_rate() -> None:
    best = STUDY.best(FOUND)
    (dense,) = STUDY.final_recipes(best, {"densenet121_224px_batch32_40epochs": 3e-4})
    assert (dense.backbone.name, dense.unfrozen_layers, dense.fit.learning_rate) == ("DenseNet121", 10, 3e-4)


def test_a_study_is_restricted_to_backbones_and_to_the_extras_that_stand_on_them() -> None:
    chosen = STUDY.restricted_to(["resnet50"])
    assert {recipe.backbone.name for recipe in chosen.selection_recipes()} == {"ResNet50"}
    assert [recipe.name for recipe in chosen.extras] == ["image_resnet50_baseline"]
    assert STUDY.restricted_to([]) == STUDY
    with pytest.raises(RecipeError, match="no backbone 'alexnet'; it has MobileNetV2, NASNetMobile"):
        STUDY.restricted_to(["AlexNet"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "VGG19"', 'name = "VGG20"', r"candidates\.9.*Input should be 'DenseNet121'"),
        ('name = "VGG19"', 'name = "VGG16"', "backbones named more than once: vgg16"),
        ('"image_resnet50_baseline"', '"text_dnn"', r"extras\.0"),
        ("keep = 5", "keep = 5\nsurprise = 1", "unknown key .surprise."),
    ],
)
def test_a_broken_study_is_refused_with_file_place_and_reason(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (STUDIES / "image_study.toml").read_text("utf-8")
    assert old in text
    (tmp_path / "mine.toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(RecipeError, match=rf"(?s)mine\.toml: .*{message}"):
        load_image_study(str(tmp_path / "mine.toml"))


def test_an_unknown_study_is_refused_with_those_there_are() -> None:
    with pytest.raises(RecipeError, match="no image study plan 'nonsense'; the image study plans here are image_study"):
        load_image_study("nonsense")
