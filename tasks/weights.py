"""Where the pre-trained weights of recipes are. Imports neither Prefect nor Keras: asked before all else."""

from rakuten.images.weights import WeightsFile, find_weights
from rakuten.recipes import Backbone, BimodalRecipe, ImageFeaturesRecipe, Recipe
from rakuten.recipes.image import PretrainedRecipe
from rakuten.settings import Settings


def find_all_weights(recipes: tuple[Recipe, ...]) -> dict[str, WeightsFile | None]:
    """The pre-trained weights of each recipe that names a backbone, by recipe; None for random ones.

    Raises:
        WeightsNotFoundError: If some are absent.
    """
    return {
        recipe.name: weights_of(recipe.backbone)
        for recipe in recipes
        if isinstance(recipe, PretrainedRecipe | BimodalRecipe)
    }


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
    return weights_of(recipe.backbone) if isinstance(recipe, ImageFeaturesRecipe | BimodalRecipe) else None
