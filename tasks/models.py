"""Which tasks train and apply a recipe, by its family."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from rakuten.errors import InputError
from rakuten.outputs import StageOutput
from rakuten.recipes import (
    ImageFeaturesRecipe,
    ImageNetworkRecipe,
    Plan,
    Recipe,
    TextHashesRecipe,
    TextNetworkRecipe,
    TextNgramsRecipe,
    TextTfidfRecipe,
)
from rakuten.recipes.plan import Modality
from tasks import stages
from tasks.dumps import Dump
from tasks.weights import weights_of


class ModelData(BaseModel):
    """What models read; futures while a flow is composed.

    Attributes:
        dump: The dump.
        clean: Cleaned products.
        corpus_words: Corpus-wide stop words of the train rows that the models learn from (or learnt from).
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    dump: Dump
    clean: Any
    corpus_words: Any


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
        case ImageNetworkRecipe():
            return stages.train_image_network.submit(pixels=image_input(recipe, data.dump), **common)
        case ImageFeaturesRecipe():
            return stages.train_feature_head.submit(features=image_input(recipe, data.dump), **common)


def predict(recipe: Recipe, model: StageOutput, data: ModelData, part: str) -> Any:
    """Submit the predictions of a trained model for a part of a dump.

    Returns:
        A future of the StageOutput that holds the probabilities.
    """
    common = {"model": model, "clean": data.clean, "part": part}
    match recipe:
        case TextNgramsRecipe():
            return stages.predict_text_ngrams.submit(**common)
        case TextTfidfRecipe():
            return stages.predict_text_tfidf.submit(corpus_words=data.corpus_words, **common)
        case TextNetworkRecipe():
            return stages.predict_text_network.submit(corpus_words=data.corpus_words, **common)
        case TextHashesRecipe():
            return stages.predict_text_hashes.submit(**common)
        case ImageNetworkRecipe():
            return stages.predict_image_network.submit(pixels=image_input(recipe, data.dump), **common)
        case ImageFeaturesRecipe():
            return stages.predict_feature_head.submit(features=image_input(recipe, data.dump), **common)


def image_input(recipe: Recipe, dump: Dump) -> Any:
    """Submit the work on a dump's images that a recipe's models read.

    Returns:
        A future of its StageOutput; None for a recipe that reads no images.
    """
    match recipe:
        case ImageNetworkRecipe():
            return stages.resize_images.submit(snapshot=dump.snapshot, dump=dump.path, size=recipe.input_size)
        case ImageFeaturesRecipe():
            return stages.extract_features.submit(
                snapshot=dump.snapshot, dump=dump.path, backbone=recipe.backbone, weights=weights_of(recipe)
            )
        case _:
            return None
