import subprocess
import sys

import pytest

from rakuten.errors import RecipeError
from rakuten.models.building import check_recipe, model_names
from rakuten.recipes import KerasRecipe, TextNetworkRecipe, load_recipe, recipe_names


def network_recipes() -> list[KerasRecipe]:
    recipes = [load_recipe(name) for name in recipe_names()]
    return [recipe for recipe in recipes if isinstance(recipe, KerasRecipe)]


@pytest.mark.parametrize("recipe", network_recipes(), ids=lambda recipe: recipe.name)
def test_every_recipe_gives_its_model_the_sizes_it_takes(recipe: KerasRecipe) -> None:
    check_recipe(recipe)


def test_every_model_has_a_recipe() -> None:
    assert {recipe.model for recipe in network_recipes()} == set(model_names())


def changed(**content: object) -> TextNetworkRecipe:
    recipe = load_recipe("text_conv1d")
    assert isinstance(recipe, TextNetworkRecipe)
    return recipe.model_copy(update=content)


def test_unknown_model_is_refused_with_those_there_are() -> None:
    with pytest.raises(RecipeError, match=r"no model 'building'.*text_conv1d, text_dnn"):
        check_recipe(changed(model="building"))


@pytest.mark.parametrize(
    ("size", "value"), [("filter", 64), ("filters", 0), ("filters", 2.5), ("spatial_dropout", 1.0)]
)
def test_unknown_or_impossible_sizes_are_refused_by_name(size: str, value: float) -> None:
    recipe = changed()
    with pytest.raises(RecipeError, match=rf"text_conv1d: architecture\.{size}: "):
        check_recipe(recipe.model_copy(update={"architecture": {**recipe.architecture, size: value}}))


def test_missing_size_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"architecture\.embedding_size: Field required"):
        check_recipe(changed(architecture={}))


def test_checking_a_recipe_imports_no_keras() -> None:
    code = (
        "import sys; from rakuten.models.building import check_recipe; from rakuten.recipes import load_recipe;"
        "check_recipe(load_recipe('text_dnn')); sys.exit('keras' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
