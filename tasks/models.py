"""Which tasks train a recipe, by its family."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict

from rakuten.errors import InputError
from rakuten.images.weights import WeightsFile
from rakuten.recipes import (
    Backbone,
    ImageBackboneRecipe,
    ImageFeaturesRecipe,
    ImageNetworkRecipe,
    Plan,
    RateFinderRecipe,
    Recipe,
    TextHashesRecipe,
    TextNetworkRecipe,
    TextNgramsRecipe,
    TextTfidfRecipe,
)
from rakuten.recipes.image import ImageRecipe
from rakuten.recipes.plan import Modality
from rakuten.recipes.recipe import NetworkRecipe
from tasks import stages
from tasks.dumps import Dump
from tasks.weights import weights_of


class ModelData(BaseModel):
    """What models read; futures while a flow is composed.

    Attributes:
        dump: The dump.
        clean: Cleaned products.
        corpus_words: Corpus-wide stop words of the train rows that the models learn from.
        image_limit: Photos that image models see, at most; None: all.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    dump: Dump
    clean: Any
    corpus_words: Any
    image_limit: int | None = None


def recipes_for(plan: Plan, modality: Modality, dump: Dump) -> tuple[Recipe, ...]:
    """The recipes of a plan that a run trains on a dump.

    Raises:
        InputError: If the run needs images or labels that the dump lacks, or no recipe is left.
    """
    if not dump.has_labels:
        raise InputError(f"{dump.path} has no labels to learn from; `rakuten predict` scores it")
    recipes = plan.of_modality(modality if dump.has_images else "text")
    if modality == "image" and not dump.has_images:
        raise InputError(f"{dump.path} has no images, and the run was asked for image models")
    if not recipes:
        raise InputError(f"plan {plan.name!r} has no recipe that could be trained on {dump.path} ({modality})")
    return recipes


def train(recipe: Recipe, data: ModelData, split: Any) -> Any:
    """Submit the training of a recipe.

    Returns:
        A future of the model's StageOutput.
    """
    common = {"clean": data.clean, "split": split, "recipe": recipe}
    match recipe:
        case TextNgramsRecipe():
            return stages.train_text_ngrams.submit(**common)
        case TextTfidfRecipe():
            return stages.train_text_tfidf.submit(corpus_words=data.corpus_words, **common)
        case TextNetworkRecipe():
            return stages.train_text_network.submit(corpus_words=data.corpus_words, **common)
        case TextHashesRecipe():
            return stages.train_text_hashes.submit(**common)
        case ImageNetworkRecipe() | ImageFeaturesRecipe():
            return stages.train_image_network.submit(images=images_for(recipe, data), **common)
        case ImageBackboneRecipe():
            weights = weights_of(recipe.backbone)
            return stages.train_image_network.submit(images=images_for(recipe, data), weights=weights, **common)


def find_rate(recipe: NetworkRecipe, finder: RateFinderRecipe, data: ModelData, split: Any) -> Any:
    """Submit the search for the learning rate of a recipe's network.

    Returns:
        A future of the StageOutput that holds the curve and the choice.

    Raises:
        InputError: If the dump lacks the images that the recipe reads.
    """
    if recipe.modality == "image" and not data.dump.has_images:
        raise InputError(f"{data.dump.path} has no images, which recipe {recipe.name} reads")
    common = {"clean": data.clean, "split": split, "recipe": recipe, "finder": finder}
    match recipe:
        case TextNetworkRecipe():
            return stages.find_text_network_rate.submit(corpus_words=data.corpus_words, **common)
        case TextHashesRecipe():
            return stages.find_text_hashes_rate.submit(**common)
        case ImageNetworkRecipe() | ImageFeaturesRecipe():
            return stages.find_image_network_rate.submit(images=images_for(recipe, data), **common)
        case ImageBackboneRecipe():
            weights = weights_of(recipe.backbone)
            return stages.find_image_network_rate.submit(images=images_for(recipe, data), weights=weights, **common)


def images_for(
    recipe: ImageRecipe, data: ModelData, weights: Callable[[Backbone], WeightsFile | None] = weights_of
) -> Any:
    """Submit what makes of a dump's photos the arrays that a recipe reads.

    Args:
        recipe: What reads them.
        data: The dump.
        weights: Tells where the weights of a backbone are that makes features.

    Returns:
        A future of the StageOutput that holds them.
    """
    photos = {"snapshot": data.dump.snapshot, "dump": data.dump.path, "limit": data.image_limit}
    if isinstance(recipe, ImageFeaturesRecipe):
        return stages.extract_features.submit(
            backbone=recipe.backbone, weights=weights(recipe.backbone), borders=recipe.borders, **photos
        )
    return stages.resize_images.submit(size=recipe.input_size, borders=recipe.borders, **photos)
