"""Submitting the training of a recipe, with what its family reads."""

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from rakuten.errors import InputError
from rakuten.images.weights import WeightsFile
from rakuten.recipes import Backbone, ImageInput, KerasRecipe, Plan, RateFinderRecipe, Recipe
from rakuten.recipes.plan import Modality
from tasks import stages
from tasks.dumps import Dump
from tasks.weights import weights_of


class ModelData(BaseModel):
    """What models read; futures while a flow is composed.

    Attributes:
        dump: The dump.
        more: Further dumps, whose products are seen together with the first one's.
        clean: Cleaned products of all of them.
        corpus_words: Corpus-wide stop words of the train rows that the models learn from.
        image_limit: Images that image models see, at most; None: all.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    dump: Dump
    more: tuple[Dump, ...] = ()
    clean: Any
    corpus_words: Any
    image_limit: int | None = None

    @property
    def dumps(self) -> tuple[Dump, ...]:
        """All dumps, the one that counts last at the end."""
        return (self.dump, *self.more)


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
        raise InputError(f"there are no images in {named}, which {', '.join(reading)} read{remedy}")


def train(recipe: Recipe, data: ModelData, split: Any) -> Any:
    """Submit the training of a recipe.

    Returns:
        A future of the model's StageOutput.
    """
    return stages.train_model.submit(recipe=recipe, clean=data.clean, split=split, inputs=model_inputs(recipe, data))


def refit(recipe: Recipe, data: ModelData, pooled: Any, scored: Any) -> Any:
    """Submit the fit of a recipe's model to all labelled products.

    Args:
        recipe: The recipe.
        data: As of the training.
        pooled: Future of `pool_sides`.
        scored: Future of the training.

    Returns:
        A future of the model's StageOutput.
    """
    return stages.refit_model.submit(
        recipe=recipe, clean=data.clean, split=pooled, inputs=model_inputs(recipe, data), scored=scored
    )


def search_learning_rate(recipe: KerasRecipe, finder: RateFinderRecipe, data: ModelData, split: Any) -> Any:
    """Submit the search for the learning rate of a recipe's network.

    Returns:
        A future of the StageOutput that holds the curve and the choice.

    Raises:
        InputError: If the dump lacks the images that the recipe reads.
    """
    check_images([recipe], data.dumps)
    return stages.search_learning_rate.submit(
        recipe=recipe, clean=data.clean, split=split, inputs=model_inputs(recipe, data), finder=finder
    )


def model_inputs(recipe: Recipe, data: ModelData) -> dict[str, Any]:
    """What a recipe lists in `inputs`: futures and values of `rakuten.training.family.ModelInputs`, by name."""
    inputs: dict[str, Any] = {}
    if "corpus_words" in recipe.inputs:
        inputs["corpus_words"] = data.corpus_words
    if recipe.image_input is not None:
        inputs["images"] = images_for(recipe.image_input, data)
        if "weights" in recipe.inputs and recipe.image_input.backbone is not None:
            inputs["weights"] = weights_of(recipe.image_input.backbone)
    return inputs


def images_for(
    read: ImageInput, data: ModelData, weights: Callable[[Backbone], WeightsFile | None] = weights_of
) -> Any:
    """Submit what makes of the dumps' images the arrays that a model reads.

    Args:
        read: Which arrays.
        data: The dumps, at least one with images.
        weights: Looks up the weights of a backbone that makes features.

    Returns:
        A future of the StageOutput that holds them.
    """

    def of_one(dump: Dump) -> Any:
        images = {"snapshot": dump.snapshot, "dump": dump.path, "limit": data.image_limit, "borders": read.borders}
        if read.kind == "features" and read.backbone is not None:
            return stages.extract_features.submit(backbone=read.backbone, weights=weights(read.backbone), **images)
        return stages.resize_images.submit(size=read.input_size, **images)

    return joined([of_one(dump) for dump in data.dumps if dump.has_images])


def joined(images: Sequence[Any]) -> Any:
    """One future of what was made of the images of several dumps; None: there are none."""
    if len(images) > 1:
        return stages.join_images.submit(parts=tuple(images))
    return images[0] if images else None
