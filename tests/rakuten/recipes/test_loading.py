"""Recipes and plans: the project's own load, broken ones are refused in one clear line."""

from pathlib import Path

import pytest

from rakuten.errors import RecipeError
from rakuten.recipes import load_plan, load_recipe, plan_names, recipe_names
from rakuten.recipes.loading import RECIPES


@pytest.mark.parametrize("name", recipe_names())
def test_own_recipe_loads_and_bears_its_files_name(name: str) -> None:
    assert load_recipe(name).name == name


@pytest.mark.parametrize("name", recipe_names())
def test_own_recipe_says_source_cost_and_score_in_its_head(name: str) -> None:
    text = (RECIPES / f"{name}.toml").read_text("utf-8")
    head = [line for line in text.splitlines() if line.startswith("#")]
    assert all(any(line.startswith(f"# {word}:") for line in head) for word in ("Source", "Cost", "Score")), head


@pytest.mark.parametrize("name", plan_names())
def test_own_plan_loads(name: str) -> None:
    assert load_plan(name).recipes


def test_a_plan_is_restricted_to_one_modality() -> None:
    plan = load_plan("default")
    assert {recipe.modality for recipe in plan.of_modality("text")} == {"text"}
    assert {recipe.modality for recipe in plan.of_modality("image")} == {"image"}
    assert plan.of_modality("both") == plan.recipes


def test_recipes_are_frozen() -> None:
    recipe = load_recipe("text_ngrams")
    with pytest.raises(ValueError, match="frozen"):
        recipe.seed = 1  # type: ignore[misc]


def plan_file(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, "utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('recipes = ["text_ngrams"]\nsurprise = 1', "mine.toml: surprise: Extra inputs are not permitted"),
        ('recipes = ["nonsense"]', "no recipe 'nonsense'; the recipes here are .*text_ngrams"),
        ("recipes = []", "recipes: Tuple should have at least 1 item"),
        ("recipes = [1]", "recipes must be a list of names"),
        ('recipes = ["text_ngrams", "text_ngrams"]', "named more than once: text_ngrams"),
        ("recipes = [", "is no TOML file"),
        ('recipes = ["text_ngrams"]\n[split]\ntest = 0.9', r"split\.test: Input should be less than 0\.5"),
        (
            'recipes = ["text_ngrams"]\n[fusion]\nmethods = ["max"]\ndecision = "fitted"',
            "decision 'fitted' is not among the methods",
        ),
        (
            'recipes = ["text_ngrams"]\n[fusion.weights]\ntext_dnn = 0.81',
            "expected one each of",
        ),
        ('recipes = ["./absent.toml"]', r"no recipe './absent\.toml'"),
    ],
)
def test_a_broken_plan_is_refused_with_file_place_and_reason(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_plan(plan_file(tmp_path, text))


def test_an_unknown_plan_is_refused_with_those_there_are() -> None:
    with pytest.raises(RecipeError, match=r"no plan 'nonsense'; the plans here are bimodal, default, demo"):
        load_plan("nonsense")


def test_a_plan_of_ones_own_may_name_recipe_files_beside_it(tmp_path: Path) -> None:
    own = (RECIPES / "text_ngrams.toml").read_text("utf-8").replace('name = "text_ngrams"', 'name = "mine_too"')
    (tmp_path / "mine_too.toml").write_text(own, "utf-8")
    plan = load_plan(plan_file(tmp_path, 'recipes = ["text_ngrams", "./mine_too.toml"]'))
    assert [recipe.name for recipe in plan.recipes] == ["text_ngrams", "mine_too"]


def test_a_recipe_that_bears_another_name_than_its_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text((RECIPES / "text_ngrams.toml").read_text("utf-8"), "utf-8")
    with pytest.raises(RecipeError, match="expected that of its file, 'other'"):
        load_recipe(str(tmp_path / "other.toml"))
