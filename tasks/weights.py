"""Where the pre-trained weights of recipes are. Imports neither Prefect nor Keras: asked before all else."""

from rakuten.images.weights import WeightsFile, find_weights
from rakuten.recipes import ImageFeaturesRecipe, Recipe
from rakuten.settings import Settings


def find_all_weights(recipes: tuple[Recipe, ...]) -> dict[str, WeightsFile | None]:
    """The pre-trained weights of each recipe that names a backbone, by recipe; None for random ones.

    Raises:
        WeightsNotFoundError: If some are absent.
    """
    return {recipe.name: weights_of(recipe) for recipe in recipes if isinstance(recipe, ImageFeaturesRecipe)}


def weights_of(recipe: ImageFeaturesRecipe) -> WeightsFile | None:
    """The weights of a recipe's backbone, or None where they are random.

    Raises:
        WeightsNotFoundError: If they are absent.
    """
    return find_weights(recipe.backbone, Settings().weights_folder)
