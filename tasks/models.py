"""Submitting the training of a recipe, with what its family reads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rakuten.errors import InputError
from rakuten.images.weights import WeightsFile
from rakuten.outputs import StageOutput
from rakuten.recipes import Backbone, ImageInput, KerasRecipe, Plan, RateFinderRecipe, Recipe
from rakuten.recipes.plan import Modality
from rakuten.training.family import ModelInputs
from tasks import stages
from tasks.dumps import Dump
from tasks.weights import weights_of


@dataclass(frozen=True)
class ModelData:
    """What models read.

    Attributes:
        dumps: Those whose products are seen together, the one that counts last at the end.
        clean: Cleaned products of all of them.
        corpus_words: Corpus-wide stop words of the train rows that the models learn from.
        image_limit: Images that image models see, at most; None: all.
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
    reading = [recipe.name for recipe in recipes if recipe.image_input is not None]
    if reading and not any(dump.has_images for dump in dumps):
        named = " and ".join(str(dump.path) for dump in dumps)
        raise InputError(f"there are no images in {named}, needed by {', '.join(reading)}{remedy}")


def train(recipe: Recipe, data: ModelData, split: StageOutput) -> StageOutput:
    """Submit the training of a recipe."""
    return stages.train_model.submit(recipe=recipe, clean=data.clean, split=split, inputs=model_inputs(recipe, data))


def refit(recipe: Recipe, data: ModelData, pooled: StageOutput, scored: StageOutput) -> StageOutput:
    """Submit the fit of a recipe's model to all labelled products.

    Args:
        recipe: The recipe.
        data: As of the training.
        pooled: `pool_sides`.
        scored: The training.
    """
    return stages.refit_model.submit(
        recipe=recipe, clean=data.clean, split=pooled, inputs=model_inputs(recipe, data), scored=scored
    )


def search_learning_rate(
    recipe: KerasRecipe, finder: RateFinderRecipe, data: ModelData, split: StageOutput
) -> StageOutput:
    """Submit the search for the learning rate of a recipe's network.

    Returns:
        The output that holds the curve and the choice.

    Raises:
        InputError: If the dump lacks the images that the recipe reads.
    """
    check_images([recipe], data.dumps)
    return stages.search_learning_rate.submit(
        recipe=recipe, clean=data.clean, split=split, inputs=model_inputs(recipe, data), finder=finder
    )


def model_inputs(recipe: Recipe, data: ModelData) -> ModelInputs:
    """What a recipe lists in `inputs`, submitted where it has to be made."""
    inputs: ModelInputs = {}
    if "corpus_words" in recipe.inputs and data.corpus_words is not None:
        inputs["corpus_words"] = data.corpus_words
    if recipe.image_input is not None and (images := images_for(recipe.image_input, data)) is not None:
        inputs["images"] = images
        if "weights" in recipe.inputs and recipe.image_input.backbone is not None:
            inputs["weights"] = weights_of(recipe.image_input.backbone)
    return inputs


def images_for(
    read: ImageInput, data: ModelData, weights: Callable[[Backbone], WeightsFile | None] = weights_of
) -> StageOutput | None:
    """Submit what makes of the dumps' images the arrays that a model reads; None where no dump has images.

    Args:
        read: Which arrays.
        data: The dumps, at least one with images.
        weights: Looks up the weights of a backbone that makes features.

    Returns:
        The output that holds them.
    """

    def of_one(dump: Dump) -> StageOutput:
        snapshot, path, borders, limit = dump.snapshot, dump.path, read.borders, data.image_limit
        if read.kind == "features" and read.backbone is not None:
            found = weights(read.backbone)
            return stages.extract_features.submit(snapshot, path, read.backbone, found, borders, limit)
        return stages.resize_images.submit(snapshot, path, read.input_size, borders, limit)

    return joined([of_one(dump) for dump in data.dumps if dump.has_images])


def joined(images: Sequence[StageOutput]) -> StageOutput | None:
    """One output of what was made of the images of several dumps; None: there are none."""
    if len(images) > 1:
        return stages.join_images.submit(parts=tuple(images))
    return images[0] if images else None
