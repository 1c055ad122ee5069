"""Recipes of the n-gram classifier."""

from typing import Literal

from pydantic import PositiveFloat, PositiveInt

from rakuten.recipes.network import ModelRecipe


class TextNgramsRecipe(ModelRecipe):
    """Word and character n-gram TF-IDF of title and description apart, a linear classifier, calibrated.

    Attributes:
        word_ngrams: Shortest and longest word n-gram.
        char_ngrams: Shortest and longest character n-gram, within word boundaries.
        min_df: Documents a term must occur in, within the train rows.
        max_terms: Terms kept of each block (words or characters, of title or description), those of most documents.
        title_weight: Factor on the title's block beside the description's.
        c: Inverse regularisation strength of the linear classifier.
        class_weight: "balanced" weighs a row by the inverse share of its class.
    """

    modality = "text"
    requires = ("ftfy", "numpy", "scikit-learn", "scipy")

    family: Literal["text_ngrams"]
    word_ngrams: tuple[PositiveInt, PositiveInt]
    char_ngrams: tuple[PositiveInt, PositiveInt]
    min_df: PositiveInt
    max_terms: PositiveInt
    title_weight: PositiveFloat
    c: PositiveFloat
    class_weight: Literal["balanced", "none"]

    @property
    def columns(self) -> tuple[str, ...]:
        """Raw titles and descriptions."""
        return ("designation", "description")
