"""From a recipe to the network it names: finding the model's module, checking the sizes it is given.

A model is a module of this package with a class `Architecture`, the sizes it can be given, and a function
`build(recipe, num_classes, input_shape) -> keras.Model`, which ends in a softmax over `num_classes`. One that starts
from a file of weights has a function `load_pretrained(model, weights)` as well.
"""

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from rakuten.errors import RecipeError
from rakuten.recipes import KerasRecipe
from rakuten.recipes.strict import Strict

if TYPE_CHECKING:
    import keras

Sizes = TypeVar("Sizes", bound=Strict)


def model_names() -> list[str]:
    """Names of the models that a recipe can choose."""
    own = Path(__file__).stem
    return sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name != own)


def check_recipe(recipe: KerasRecipe) -> None:
    """Refuse a recipe whose model does not exist or cannot be given its sizes; imports no Keras.

    Raises:
        RecipeError: If so.
    """
    read_architecture(recipe, _module(recipe).Architecture)


def build_model(
    recipe: KerasRecipe, num_classes: int, input_shape: tuple[int, ...], weights: Path | None = None
) -> "keras.Model":
    """The network a recipe names, with fresh weights, not compiled.

    Args:
        recipe: Names the model and gives its sizes.
        num_classes: Columns of the output.
        input_shape: Shape of one example: (words,), (height, width, 3) or (features,).
        weights: File of pre-trained weights that a part of the network starts from; None: all of it is fresh.

    Raises:
        InputError: If the file does not hold weights of that part.
        RecipeError: If the model does not exist or cannot be given these sizes.
    """
    module = _module(recipe)
    model: keras.Model = module.build(recipe, num_classes, input_shape)
    if weights is not None:
        module.load_pretrained(model, weights)
    return model


def read_architecture(recipe: KerasRecipe, expected: type[Sizes]) -> Sizes:
    """The recipe's `architecture`, checked.

    Raises:
        RecipeError: If a size is missing, unknown or out of range.
    """
    try:
        return expected.model_validate(recipe.architecture)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        names = ", ".join(expected.model_fields)
        raise RecipeError(
            f"recipe {recipe.name}: architecture.{where}: {fault['msg']}; model {recipe.model!r} takes {names}"
        ) from error


def _module(recipe: KerasRecipe) -> ModuleType:
    if recipe.model not in model_names():
        raise RecipeError(f"recipe {recipe.name}: no model {recipe.model!r}; there are {', '.join(model_names())}")
    return importlib.import_module(f"rakuten.models.{recipe.model}")
