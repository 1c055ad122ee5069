"""Recipes of Keras networks over word indices."""

from typing import Literal

from pydantic import PositiveInt

from rakuten.recipes.network import KerasRecipe


class TextNetworkRecipe(KerasRecipe):
    """A Keras network over word indices.

    Attributes:
        column: `designation` alone, or `text`: designation and description; both cleaned.
        num_words: Word indices: padding, unknown words, and the most frequent words of the train rows.
        sequence_length: Words a product at most, cut or padded at the end; no more are read than the longest train text
            has.
    """

    modality = "text"
    inputs = ("corpus_words",)

    family: Literal["text_network"]
    column: Literal["designation", "text"]
    num_words: PositiveInt
    sequence_length: PositiveInt

    @property
    def columns(self) -> tuple[str, ...]:
        """The clean column."""
        return (f"clean_{self.column}",)
