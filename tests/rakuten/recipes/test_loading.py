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
        ('recipes = ["text_ngrams"]\nsurprise = 1', "mine.toml: unknown key 'surprise'; known are name, recipes"),
        (
            'recipes = ["nonsense"]',
            r"no recipe 'nonsense'; the \d+ recipes are the files of .*models, or give the path",
        ),
        ("recipes = []", "mine.toml: recipes names no recipe"),
        ('recipies = ["text_ngrams"]', "unknown key 'recipies'; did you mean 'recipes'"),
        ('recipes = ["text_ngrm"]', "no recipe 'text_ngrm'; did you mean 'text_ngrams'"),
        ('recipes = "text_ngrams"', "recipes must be a list of names"),
        ("", "mine.toml: recipes names no recipe"),
        ("a = " + "[" * 100_000, "nested too deeply"),
        ('recipes = ["text_ngrams"]\n\nrefit = maybe', r"is no TOML file: Invalid value \(at line 3"),
        ('recipes = ["text_ngrams"]\nrefit = "maybe"', "refit: Input should be a valid boolean.*, got 'maybe'"),
        ('recipes = ["text_ngrams"]\n[split]\ntst = 1', "unknown key 'split.tst'; did you mean 'test'"),
        ('recipes = ["text_ngrams"]\nname = "../x"', "name: String should match pattern"),
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
        ('recipes = ["./absent.toml"]', r"recipe '\./absent\.toml' does not exist"),
    ],
)
def test_a_broken_plan_is_refused_with_file_place_and_reason(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        load_plan(plan_file(tmp_path, text))


def test_an_unknown_plan_is_refused_with_the_closest_or_those_there_are() -> None:
    with pytest.raises(RecipeError, match=r"no plan 'nonsense'; the plans here are bimodal, default, demo"):
        load_plan("nonsense")
    with pytest.raises(RecipeError, match=r"no plan 'Defalt'; did you mean 'default'\?"):
        load_plan("Defalt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe\x00", "is no text in UTF-8"),
        ("recipes = []  # été".encode("latin-1"), "is no text in UTF-8"),
        (b"\x00" * 100, "is no TOML file"),
        (b" " * 1_000_001, "has 1,000,001 bytes, expected a TOML file of a few kB"),
    ],
)
def test_a_plan_in_another_encoding_or_of_another_kind_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(RecipeError, match=message):
        load_plan(str(tmp_path / "mine.toml"))


def test_a_plan_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_bytes(b'\xef\xbb\xbfrecipes = ["text_ngrams"]')
    assert load_plan(str(tmp_path / "mine.toml")).name == "mine"


def test_a_plan_that_is_a_folder_or_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "loop.toml").symlink_to("loop.toml")
    with pytest.raises(RecipeError, match="is a folder, expected a file"):
        load_plan(str(tmp_path / "folder.toml"))
    with pytest.raises(RecipeError, match="is a link that leads to itself"):
        load_plan(str(tmp_path / "loop.toml"))


def test_a_file_named_without_its_ending_is_pointed_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan_file(tmp_path, 'recipes = ["text_ngrams"]')
    with pytest.raises(RecipeError, match=r"no plan 'mine'; mine\.toml is named as \./mine\.toml"):
        load_plan("mine")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('family = "text_network"', 'family = "text_netwrok"', "no family 'text_netwrok'; did you mean 'text_network'"),
        ('family = "text_network"', "", "no family; families are bimodal_network, image_network"),
        ("learning_rate", "learnin_rate", r"unknown key 'fit\.learnin_rate'; did you mean 'learning_rate'"),
        ("num_words", "words", "unknown key 'words'"),
    ],
)
def test_a_broken_recipe_is_refused_with_the_closest_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    own = (RECIPES / "text_dnn.toml").read_text("utf-8").replace('"text_dnn"', '"mine"', 1)
    (tmp_path / "mine.toml").write_text(own.replace(old, new), "utf-8")
    with pytest.raises(RecipeError, match=message):
        load_recipe(str(tmp_path / "mine.toml"))


def test_a_plan_of_ones_own_may_name_recipe_files_beside_it(tmp_path: Path) -> None:
    own = (RECIPES / "text_ngrams.toml").read_text("utf-8").replace('name = "text_ngrams"', 'name = "mine_too"')
    (tmp_path / "mine_too.toml").write_text(own, "utf-8")
    plan = load_plan(plan_file(tmp_path, 'recipes = ["text_ngrams", "./mine_too.toml"]'))
    assert [recipe.name for recipe in plan.recipes] == ["text_ngrams", "mine_too"]


def test_a_recipe_that_bears_another_name_than_its_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text((RECIPES / "text_ngrams.toml").read_text("utf-8"), "utf-8")
    with pytest.raises(RecipeError, match="expected that of its file, 'other'"):
        load_recipe(str(tmp_path / "other.toml"))
