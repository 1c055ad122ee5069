"""Recipes of Keras networks over hashed n-grams."""

from typing import Literal

from rakuten.recipes.network import KerasRecipe
from rakuten.recipes.text import HashedTexts


class TextHashesRecipe(HashedTexts, KerasRecipe):
    """A Keras network over hashed n-grams: no vocabulary, so that words it never saw still share parts with others."""

    modality = "text"
    requires = ("ftfy", "numpy", "scipy")

    family: Literal["text_hashes"]

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that are hashed."""
        return self.text_columns
