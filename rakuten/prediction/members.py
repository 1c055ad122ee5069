"""The models of a package, read and asked together: what all of them say of some products, fused."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.data.probabilities import Probabilities
from rakuten.determinism import make_reproducible
from rakuten.errors import OutputError, PackageError
from rakuten.fusion.alignment import align
from rakuten.fusion.fuser import Fuser
from rakuten.fusion.stages import FUSION
from rakuten.outputs import StageOutput
from rakuten.prediction.package import Fit, ModelPackage
from rakuten.recipes import (
    BimodalRecipe,
    Recipe,
    TextHashesRecipe,
    TextNetworkRecipe,
    TextNgramsRecipe,
    TextTfidfRecipe,
)
from rakuten.recipes.recipe import NetworkRecipe
from rakuten.text.inputs import CORPUS_WORDS
from rakuten.training.bimodal_network import bimodal_predictor
from rakuten.training.image_network import image_predictor
from rakuten.training.predictor import Predictor
from rakuten.training.text_hashes import hash_predictor
from rakuten.training.text_network import word_predictor
from rakuten.training.text_ngrams import ngram_predictor
from rakuten.training.text_tfidf import tfidf_predictor


class Members:
    """Models that answer together; a context, whose threads end with it.

    Args:
        predictors: One a member of the fusion; None: it is not asked, and its modality known of no product.
        fuser: Combines what they say.

    Attributes:
        columns: Of clean products that they read.
    """

    def __init__(self, predictors: Sequence[Predictor | None], fuser: Fuser) -> None:
        self._predictors = predictors
        self._fuser = fuser
        self._threads = ThreadPoolExecutor(len(predictors), thread_name_prefix="member")
        asked = [predictor for predictor in predictors if predictor is not None]
        self.columns = sorted({"productid", *(column for predictor in asked for column in predictor.columns)})

    @classmethod
    def read(cls, package: ModelPackage, fit: Fit, images: Mapping[str, StageOutput]) -> Self:
        """Read the models of a package.

        Args:
            package: The package.
            fit: Which of its models.
            images: Arrays of photos for each model that reads them, by name; image models without any are not asked.

        Raises:
            PackageError: If it has no such models, or no model is left that could be asked.
            OutputError: If a model cannot be read.
        """
        recipes = package.record.recipes
        if any(isinstance(recipe, NetworkRecipe) for recipe in recipes.values()):
            make_reproducible(0)
        corpus_words, fuser = _corpus_words(package), _fuser(package)
        predictors: list[Predictor | None] = []
        for member in package.record.members:
            recipe, folder = recipes[member.name], package.model(member, fit)
            if recipe.modality == "image" and member.name not in images:
                predictors.append(None)
            else:
                predictors.append(_predictor(recipe, folder, corpus_words, images.get(member.name)))
        if not any(predictors):
            raise PackageError(f"{package.folder} holds image models only, and there are no images")
        return cls(predictors, fuser)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._threads.shutdown()

    def answer(self, products: pd.DataFrame) -> Probabilities:
        """What is answered for some products, in their order.

        Args:
            products: With `columns`.

        Raises:
            MismatchError: If a product is one that no member can see.
        """
        # Text models are mostly Python and hold its lock; networks let go of it while they compute.
        answers = list(self._threads.map(lambda asked: asked and asked.answer(products), self._predictors))
        productids: npt.NDArray[np.int64] = products["productid"].to_numpy(np.int64)
        return self._fuser.apply(align(answers, productids))


def _corpus_words(package: ModelPackage) -> frozenset[str]:
    words = package.read_json(CORPUS_WORDS)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise PackageError(f"{package.folder / CORPUS_WORDS} is damaged: expected a list of words")
    return frozenset(words)


def _fuser(package: ModelPackage) -> Fuser:
    content = package.read_json(FUSION)
    try:
        return Fuser.from_json(content)
    except (KeyError, TypeError, ValueError, OutputError) as error:
        raise PackageError(f"{package.folder / FUSION} is damaged: {type(error).__name__}: {error}") from error


def _predictor(recipe: Recipe, folder: Path, corpus_words: frozenset[str], images: StageOutput | None) -> Predictor:
    match recipe:
        case TextNgramsRecipe():
            return ngram_predictor(folder)
        case TextTfidfRecipe():
            return tfidf_predictor(folder, corpus_words)
        case TextNetworkRecipe():
            return word_predictor(folder, corpus_words)
        case TextHashesRecipe():
            return hash_predictor(folder)
        case BimodalRecipe():
            return bimodal_predictor(folder, None if images is None else images.folder)
        case _:
            assert images is not None
            return image_predictor(folder, images.folder)
