"""Recipes as text are recipes again when read."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rakuten.recipes import CleaningRecipe, FitSettings, Plan, TextNetworkRecipe, load_recipe, recipe_names
from rakuten.reporting.recipe_text import plan_toml, recipe_toml

RECIPE = TextNetworkRecipe(
    name="dnn",
    family="text_network",
    model="text_dnn",
    column="text",
    num_words=20_000,
    sequence_length=400,
    architecture={"embedding": 100, "dropout": 0.5},
    fit=FitSettings(batch_size=200, epochs=5, learning_rate=1e-3),
)


def test_a_recipe_reads_back_as_itself() -> None:
    assert TextNetworkRecipe.model_validate(tomllib.loads(recipe_toml(RECIPE))) == RECIPE


@pytest.mark.parametrize("name", recipe_names())
def test_each_recipe_of_the_project_reads_back_as_itself(name: str) -> None:
    recipe = load_recipe(name)
    assert type(recipe).model_validate(tomllib.loads(recipe_toml(recipe))) == recipe


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_written_as_a_toml_string(text: str) -> None:
    recipe = RECIPE.model_copy(update={"model": text})
    assert tomllib.loads(recipe_toml(recipe))["model"] == text


def test_a_plan_names_its_recipes_and_says_what_is_none() -> None:
    plan = Plan(name="night", recipes=(RECIPE,), cleaning=CleaningRecipe(corpus_word_share=None))
    text = plan_toml(plan)
    content = tomllib.loads(text)
    assert content["recipes"] == ["dnn"]
    assert content["fusion"]["decision"] == "auto"
    assert content["fusion"]["methods"][:3] == ["single", "average", "weighted"]
    assert "# corpus_word_share: none" in text
