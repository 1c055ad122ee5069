"""Finding and reading recipe and plan files.

The project's own stand beside this module (`recipes/*.toml`, `plans/*.toml`, `studies/*.toml`); a name with a slash or
ending in .toml is the path of a user's own file. Plans name their recipes the same way; paths are relative to theirs.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from rakuten.errors import InputError, RecipeError
from rakuten.paths import did_you_mean, named_path, why_no_file
from rakuten.recipes.image_study import ImageStudyPlan
from rakuten.recipes.network import KerasRecipe
from rakuten.recipes.plan import Plan
from rakuten.recipes.recipe import FAMILIES, Recipe
from rakuten.recipes.strict import first_fault, known_keys

RECIPES = Path(__file__).parent / "models"
PLANS = Path(__file__).parent / "plans"
STUDIES = Path(__file__).parent / "studies"

# So many names fit a line.
FEW = 12
# Longer is no recipe or plan: the longest here has 4 kB.
MAX_BYTES = 1_000_000

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


def parse_recipe(content: Mapping[str, Any]) -> Recipe:
    """A recipe from its content as a manifest keeps it.

    Raises:
        RecipeError: If it does not validate, as it was written by another version.
    """
    try:
        return _recipe.validate_python(content)
    except ValidationError as error:
        raise RecipeError(f"recipe {content.get('name')}: {error.errors()[0]['msg']}") from error


def load_recipe(name: str, relative_to: Path | None = None) -> Recipe:
    """A recipe by name or path.

    Raises:
        RecipeError: If there is none, or it does not validate.
    """
    path = _locate(name, "recipe", RECIPES, relative_to)
    recipe = _validated(path, read_toml(path))
    if recipe.name != path.stem:
        raise RecipeError(f"{path.name}: its name is {recipe.name!r}, expected that of its file, {path.stem!r}")
    return recipe


def load_network_recipe(name: str) -> KerasRecipe:
    """A recipe of a Keras network by name or path.

    Raises:
        RecipeError: As `load_recipe`, or if it is of another kind of model.
    """
    recipe = load_recipe(name)
    if not isinstance(recipe, KerasRecipe):
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


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file that a person named.

    Raises:
        RecipeError: If there is no such file, or it is no TOML in UTF-8; says the line.
    """
    reason = why_no_file(path)
    if reason is not None:
        raise RecipeError(f"{path}: {reason}")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise RecipeError(f"{path} has {path.stat().st_size:,} bytes, expected a TOML file of a few kB")
        # Editors on Windows write a byte order mark, which is no TOML.
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise RecipeError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is no text in UTF-8 (byte {error.start}); save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path} is no TOML file: {error}") from error
    except RecursionError as error:
        raise RecipeError(f"{path} is no TOML file: it is nested too deeply") from error


def _load_listing(kind: type[Listing], path: Path, field: str) -> Listing:
    """A file one of whose fields lists recipes by name."""
    content = {"name": path.stem, **read_toml(path)}
    # First, because a misspelt key for the recipes would read as a plan without any.
    unknown = [key for key in content if key not in kind.model_fields]
    if unknown:
        raise RecipeError(f"{path.name}: unknown key {unknown[0]!r}{known_keys(unknown[0], kind)}")
    names = content.get(field, [])
    if not isinstance(names, list) or not all(isinstance(recipe, str) for recipe in names):
        raise RecipeError(f'{path.name}: {field} must be a list of names, e.g. {field} = ["text_ngrams"]')
    if kind.model_fields[field].is_required() and not names:
        raise RecipeError(f'{path.name}: {field} names no recipe, e.g. {field} = ["text_ngrams"]')
    content[field] = [load_recipe(recipe, relative_to=path.parent) for recipe in names]
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise RecipeError(f"{path.name}: {first_fault(error, kind)}") from error


def _locate(name: str, kind: str, own: Path, relative_to: Path | None) -> Path:
    if "/" in name or name.endswith(".toml"):
        try:
            path = (
                (relative_to or Path()) / named_path(name) if name.startswith("~") else (relative_to or Path()) / name
            )
        except InputError as error:
            raise RecipeError(f"{kind} {error}") from error
        reason = why_no_file(path)
        if reason is not None:
            raise RecipeError(f"{kind} {name!r} {reason}")
        return path
    path = own / f"{name}.toml"
    if not name or not path.is_file():
        raise RecipeError(f"no {kind} {name!r}{_known_names(name, kind, own)}")
    return path


def _known_names(name: str, kind: str, own: Path) -> str:
    """The closest name; all where none is close and they are few."""
    known = sorted(file.stem for file in own.glob("*.toml"))
    here = Path(f"{name}.toml")
    if name and here.is_file():
        return f"; {here} is named as ./{here}"
    close = did_you_mean(name, known)
    if close:
        return close
    if len(known) > FEW:
        return f"; the {len(known)} {kind}s are the files of {own}, or give the path of a .toml file"
    return f"; the {kind}s here are {', '.join(known)}, or give the path of a .toml file"


def _validated(path: Path, content: dict[str, Any]) -> Recipe:
    family = content.get("family")
    kind = FAMILIES.get(family) if isinstance(family, str) else None
    if kind is None:
        known = did_you_mean(str(family), FAMILIES) or f"; families are {', '.join(FAMILIES)}"
        raise RecipeError(f"{path.name}: no family {family!r}{known}" if family else f"{path.name}: no family{known}")
    try:
        return _recipe.validate_python(content)
    except ValidationError as error:
        raise RecipeError(f"{path.name}: {first_fault(error, kind)}") from error
