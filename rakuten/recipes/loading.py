"""Finding and reading recipe and plan files.

The project's own stand beside this module (`recipes/*.toml`, `plans/*.toml`, `studies/*.toml`); a name with a slash or
ending in .toml is the path of a user's own file. Plans name their recipes the same way; paths are relative to theirs.
"""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from rakuten.errors import RecipeError
from rakuten.recipes.image_study import ImageStudyPlan
from rakuten.recipes.plan import Plan
from rakuten.recipes.recipe import NetworkRecipe, Recipe

RECIPES = Path(__file__).parent / "recipes"
PLANS = Path(__file__).parent / "plans"
STUDIES = Path(__file__).parent / "studies"

Listing = TypeVar("Listing", Plan, ImageStudyPlan)

_recipe: TypeAdapter[Recipe] = TypeAdapter(Recipe)


def recipe_names() -> list[str]:
    """Names of the project's own recipes."""
    return sorted(path.stem for path in RECIPES.glob("*.toml"))


def plan_names() -> list[str]:
    """Names of the project's own plans."""
    return sorted(path.stem for path in PLANS.glob("*.toml"))


def image_study_names() -> list[str]:
    """Names of the project's own image studies."""
    return sorted(path.stem for path in STUDIES.glob("*.toml"))


def load_recipe(name: str, relative_to: Path | None = None) -> Recipe:
    """A recipe by name or path.

    Raises:
        RecipeError: If there is none, or it does not validate.
    """
    path = _locate(name, "recipe", RECIPES, relative_to)
    recipe = _validated(path, _read(path))
    if recipe.name != path.stem:
        raise RecipeError(f"{path.name}: its name is {recipe.name!r}, expected that of its file, {path.stem!r}")
    return recipe


def load_network_recipe(name: str) -> NetworkRecipe:
    """A recipe of a Keras network by name or path.

    Raises:
        RecipeError: As `load_recipe`, or if it is of another kind of model.
    """
    recipe = load_recipe(name)
    if not isinstance(recipe, NetworkRecipe):
        raise RecipeError(f"recipe {recipe.name}: family {recipe.family} is no Keras network, it has no learning rate")
    return recipe


def load_plan(name: str) -> Plan:
    """A plan by name or path, its recipes read as well.

    Raises:
        RecipeError: If it or one of its recipes does not exist or does not validate.
    """
    return _load_listing(Plan, _locate(name, "plan", PLANS, None), "recipes")


def load_image_study(name: str) -> ImageStudyPlan:
    """The plan of an image study by name or path, its extras read as well.

    Raises:
        RecipeError: If it or one of its extras does not exist or does not validate.
    """
    return _load_listing(ImageStudyPlan, _locate(name, "image study plan", STUDIES, None), "extras")


def _load_listing(kind: type[Listing], path: Path, field: str) -> Listing:
    """A file one of whose fields lists recipes by name."""
    content = {"name": path.stem, **_read(path)}
    names = content.get(field, [])
    if not isinstance(names, list) or not all(isinstance(recipe, str) for recipe in names):
        raise RecipeError(f"{path.name}: {field} must be a list of names")
    content[field] = [load_recipe(recipe, relative_to=path.parent) for recipe in names]
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise RecipeError(f"{path.name}: {_first_fault(error)}") from error


def _locate(name: str, kind: str, own: Path, relative_to: Path | None) -> Path:
    is_path = "/" in name or name.endswith(".toml")
    path = (relative_to or Path()) / Path(name).expanduser() if is_path else own / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in own.glob("*.toml")))
        raise RecipeError(f"no {kind} {name!r}; the {kind}s here are {known}, or give the path of a .toml file")
    return path


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path.name} is no TOML file: {error}") from error


def _validated(path: Path, content: dict[str, Any]) -> Recipe:
    try:
        return _recipe.validate_python(content)
    except ValidationError as error:
        raise RecipeError(f"{path.name}: {_first_fault(error)}") from error


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in fault["loc"]) or "the file"
    return f"{where}: {fault['msg']}"
