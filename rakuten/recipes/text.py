"""Hashed n-grams in recipes of several families."""

from typing import Literal

from pydantic import Field, PositiveInt

from rakuten.recipes.strict import Strict


class HashedTexts(Strict):
    """How texts become hashed n-grams: raw texts, made plain and folded, for stop words and numbers tell classes apart.

    Attributes:
        column: `designation` alone, or `text`: designation and description.
        word_ngrams: Shortest and longest word n-gram.
        char_ngrams: Shortest and longest character n-gram, within word boundaries.
        num_buckets: What n-grams are hashed into; word n-grams take one half, character n-grams the other.
        max_ngrams: Different n-grams a product, cut or padded; words come first.
    """

    column: Literal["designation", "text"]
    word_ngrams: tuple[PositiveInt, PositiveInt]
    char_ngrams: tuple[PositiveInt, PositiveInt]
    num_buckets: int = Field(ge=2)
    max_ngrams: PositiveInt

    @property
    def text_columns(self) -> tuple[str, ...]:
        """Raw columns that are hashed."""
        return ("designation",) if self.column == "designation" else ("designation", "description")
