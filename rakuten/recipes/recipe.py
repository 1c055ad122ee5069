"""The union of all recipes, told apart by `family`: every recipe of every module of `rakuten.recipes.families`."""

import functools
import importlib
import operator
import pkgutil
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from rakuten.recipes import families
from rakuten.recipes.network import ModelRecipe
from rakuten.recipes.strict import tag_of


def _registered() -> dict[str, type[ModelRecipe]]:
    """Recipe classes by their literal `family`."""
    found: dict[str, type[ModelRecipe]] = {}
    for listed in pkgutil.iter_modules(families.__path__, f"{families.__name__}."):
        for kind in vars(importlib.import_module(listed.name)).values():
            if isinstance(kind, type) and issubclass(kind, ModelRecipe):
                found |= dict.fromkeys(tag_of(kind), kind)
    return found


FAMILIES = _registered()

if TYPE_CHECKING:
    Recipe = ModelRecipe
else:
    Recipe = Annotated[functools.reduce(operator.or_, FAMILIES.values()), Field(discriminator="family")]
