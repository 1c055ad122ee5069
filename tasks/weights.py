"""Paths of the pre-trained weights that recipes name. Imports neither Prefect nor Keras: looked up before all else."""

from rakuten.images.weights import WeightsFile, find_weights
from rakuten.recipes import Backbone, Recipe
from rakuten.settings import Settings


def check_weights(recipes: tuple[Recipe, ...]) -> None:
    """See that the pre-trained weights of all recipes are there.

    Raises:
        WeightsNotFoundError: If some are absent.
    """
    for recipe in recipes:
        if recipe.image_input is not None and recipe.image_input.backbone is not None:
            weights_of(recipe.image_input.backbone)


def weights_of(backbone: Backbone) -> WeightsFile | None:
    """The weights of a backbone, or None where they are random.

    Raises:
        WeightsNotFoundError: If they are absent.
    """
    return find_weights(backbone, Settings().weights_folder)


def feature_weights(recipe: Recipe) -> WeightsFile | None:
    """The weights of the backbone that makes features for a recipe's model; None: it reads none, or random ones do.

    Raises:
        WeightsNotFoundError: If they are absent.
    """
    read = recipe.image_input
    return weights_of(read.backbone) if read is not None and read.kind == "features" and read.backbone else None
