"""Which tasks train a recipe, by its family."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rakuten.errors import InputError
from rakuten.images.weights import WeightsFile
from rakuten.outputs import StageOutput
from rakuten.recipes import (
    Backbone,
    BimodalRecipe,
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
from rakuten.recipes.plan import Modality
from rakuten.recipes.recipe import NetworkRecipe, PhotoRecipe
from tasks import stages
from tasks.dumps import Dump
from tasks.stage_task import StageTask
from tasks.weights import weights_of


@dataclass(frozen=True)
class ModelData:
    """What models read.

    Attributes:
        dumps: Those whose products are seen together, the one that counts last at the end.
        clean: Cleaned products of all of them.
        corpus_words: Corpus-wide stop words of the train rows that the models learn from.
        image_limit: Photos that image models see, at most; None: all.
    """

    dumps: tuple[Dump, ...]
    clean: StageOutput
    corpus_words: StageOutput | None = None
    image_limit: int | None = None


def recipes_for(plan: Plan, modality: Modality, *dumps: Dump) -> tuple[Recipe, ...]:
    """The recipes of a plan that a run trains on one or several dumps.

    Raises:
        InputError: If the run needs labels that a dump lacks, or images that all lack (unless it is of text models
            alone), or no recipe is left.
    """
    for dump in dumps:
        if not dump.has_labels:
            raise InputError(f"{dump.path} has no labels to learn from; `rakuten predict` scores it")
    named = " and ".join(str(dump.path) for dump in dumps)
    recipes = plan.of_modality(modality)
    check_images(recipes, dumps, "" if modality == "image" else "; --modality text trains its text models alone")
    if not recipes:
        raise InputError(f"plan {plan.name!r} has no recipe that could be trained on {named} ({modality})")
    return recipes


def check_images(recipes: Sequence[Recipe], dumps: Sequence[Dump], remedy: str = "") -> None:
    """Refuse recipes that read images where no dump has any: leaving them out would go unseen.

    Raises:
        InputError: If there is such a recipe and no dump has images.
    """
    reading = [recipe.name for recipe in recipes if recipe.reads_photos]
    if reading and not any(dump.has_images for dump in dumps):
        named = " and ".join(str(dump.path) for dump in dumps)
        raise InputError(f"there are no images in {named}, which {', '.join(reading)} read{remedy}")


def train(recipe: Recipe, data: ModelData, split: StageOutput) -> StageOutput:
    """Submit the training of a recipe."""
    return TRAIN[type(recipe)].submit(recipe=recipe, split=split, **_inputs(recipe, data))


def refit(recipe: Recipe, data: ModelData, pooled: StageOutput, scored: StageOutput) -> StageOutput:
    """Submit the fit of a recipe's model to all labelled products.

    Args:
        recipe: The recipe.
        data: As of the training.
        pooled: `pool_sides`.
        scored: The training.
    """
    return REFIT[type(recipe)].submit(recipe=recipe, split=pooled, scored=scored, **_inputs(recipe, data))


def find_rate(recipe: NetworkRecipe, finder: RateFinderRecipe, data: ModelData, split: StageOutput) -> StageOutput:
    """Submit the search for the learning rate of a recipe's network.

    Returns:
        The output that holds the curve and the choice.

    Raises:
        InputError: If the dump lacks the images that the recipe reads.
    """
    if recipe.reads_photos and not any(dump.has_images for dump in data.dumps):
        raise InputError(f"{data.dumps[0].path} has no images, which recipe {recipe.name} reads")
    return FIND_RATE[type(recipe)].submit(recipe=recipe, finder=finder, split=split, **_inputs(recipe, data))


TRAIN: dict[type, StageTask[...]] = {
    TextNgramsRecipe: stages.train_text_ngrams,
    TextTfidfRecipe: stages.train_text_tfidf,
    TextNetworkRecipe: stages.train_text_network,
    TextHashesRecipe: stages.train_text_hashes,
    ImageNetworkRecipe: stages.train_image_network,
    ImageFeaturesRecipe: stages.train_image_network,
    ImageBackboneRecipe: stages.train_image_network,
    BimodalRecipe: stages.train_bimodal_network,
}
REFIT: dict[type, StageTask[...]] = {
    TextNgramsRecipe: stages.refit_text_ngrams,
    TextTfidfRecipe: stages.refit_text_tfidf,
    TextNetworkRecipe: stages.refit_text_network,
    TextHashesRecipe: stages.refit_text_hashes,
    ImageNetworkRecipe: stages.refit_image_network,
    ImageFeaturesRecipe: stages.refit_image_network,
    ImageBackboneRecipe: stages.refit_image_network,
    BimodalRecipe: stages.refit_bimodal_network,
}
FIND_RATE: dict[type, StageTask[...]] = {
    TextNetworkRecipe: stages.find_text_network_rate,
    TextHashesRecipe: stages.find_text_hashes_rate,
    ImageNetworkRecipe: stages.find_image_network_rate,
    ImageFeaturesRecipe: stages.find_image_network_rate,
    ImageBackboneRecipe: stages.find_image_network_rate,
    BimodalRecipe: stages.find_bimodal_network_rate,
}


def _inputs(recipe: Recipe, data: ModelData) -> dict[str, StageOutput | WeightsFile | None]:
    """What models of a recipe's family learn from, beside recipe and split."""
    match recipe:
        case TextTfidfRecipe() | TextNetworkRecipe():
            return {"clean": data.clean, "corpus_words": data.corpus_words}
        case ImageBackboneRecipe():
            weights = weights_of(recipe.backbone)
            return {"clean": data.clean, "images": images_for(recipe, data), "weights": weights}
        case ImageNetworkRecipe() | ImageFeaturesRecipe() | BimodalRecipe():
            return {"clean": data.clean, "images": images_for(recipe, data)}
        case _:
            return {"clean": data.clean}


def images_for(
    recipe: PhotoRecipe, data: ModelData, weights: Callable[[Backbone], WeightsFile | None] = weights_of
) -> StageOutput | None:
    """Submit what makes of the dumps' photos the arrays that a recipe reads.

    Args:
        recipe: What reads them.
        data: The dumps, at least one with photos.
        weights: Tells where the weights of a backbone are that makes features.

    Returns:
        The output that holds them.
    """

    def of_one(dump: Dump) -> StageOutput:
        snapshot, path, borders, limit = dump.snapshot, dump.path, recipe.borders, data.image_limit
        if isinstance(recipe, ImageFeaturesRecipe | BimodalRecipe):
            found = weights(recipe.backbone)
            return stages.extract_features.submit(snapshot, path, recipe.backbone, found, borders, limit)
        return stages.resize_images.submit(snapshot, path, recipe.input_size, borders, limit)

    return joined([of_one(dump) for dump in data.dumps if dump.has_images])


def joined(images: Sequence[StageOutput]) -> StageOutput | None:
    """One output of what was made of the images of several dumps; None: there are none."""
    if len(images) > 1:
        return stages.join_images.submit(parts=tuple(images))
    return images[0] if images else None
