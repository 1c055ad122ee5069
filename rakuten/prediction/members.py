"""Inference with all models of a package: loading, concurrent prediction and fusion."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.data.probabilities import Probabilities
from rakuten.errors import OutputError, PackageError
from rakuten.fusion.alignment import align
from rakuten.fusion.fuser import Fuser
from rakuten.fusion.stages import FUSION
from rakuten.outputs import StageOutput
from rakuten.prediction.package import ModelPackage, ModelVariant
from rakuten.text.inputs import CORPUS_WORDS
from rakuten.training.family import PredictorInputs, family_of
from rakuten.training.predictor import Predictor


class Members:
    """Ensemble of loaded models with a thread pool; a context manager.

    Args:
        predictors: One per member of the fusion; None: not used, its modality counts as missing for all products.
        fuser: Fitted fusion.

    Attributes:
        columns: Required columns of cleaned products.
    """

    def __init__(self, predictors: Sequence[Predictor | None], fuser: Fuser) -> None:
        self._predictors = predictors
        self._fuser = fuser
        self._threads = ThreadPoolExecutor(len(predictors), thread_name_prefix="member")
        asked = [predictor for predictor in predictors if predictor is not None]
        self.columns = sorted({"productid", *(column for predictor in asked for column in predictor.columns)})

    @classmethod
    def read(cls, package: ModelPackage, variant: ModelVariant, images: Mapping[str, StageOutput]) -> Self:
        """Load the models of a package.

        Args:
            package: Model package.
            variant: Scored or refitted models.
            images: Image arrays or features by model name; image models without any are not used.

        Raises:
            PackageError: If the package has no such variant, or no usable model.
            OutputError: If a model is unreadable.
        """
        recipes = package.record.recipes
        corpus_words, fuser = _corpus_words(package), _fuser(package)
        predictors: list[Predictor | None] = []
        for member in package.record.members:
            recipe, folder, arrays = recipes[member.name], package.model(member, variant), images.get(member.name)
            inputs = PredictorInputs(corpus_words, None if arrays is None else arrays.folder)
            is_asked = recipe.modality == "text" or arrays is not None
            predictors.append(family_of(recipe).predictor(recipe, folder, inputs) if is_asked else None)
        if not any(predictors):
            raise PackageError(f"{package.folder} holds image models only, and there are no images")
        return cls(predictors, fuser)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._threads.shutdown()

    def answer(self, products: pd.DataFrame) -> Probabilities:
        """Predict fused class probabilities, in the order of the products.

        Args:
            products: Cleaned products with `columns`.

        Raises:
            MismatchError: If no member can predict a product.
        """
        # Threads: text models mostly hold the GIL, networks release it while they compute.
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
