"""Recipes of text models; one class a family."""

from typing import Literal

from pydantic import Field, PositiveFloat, PositiveInt

from rakuten.recipes.estimators import Estimator
from rakuten.recipes.network import KerasRecipe, ModelRecipe
from rakuten.recipes.strict import Strict


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

    family: Literal["text_ngrams"]
    word_ngrams: tuple[PositiveInt, PositiveInt]
    char_ngrams: tuple[PositiveInt, PositiveInt]
    min_df: PositiveInt
    max_terms: PositiveInt
    title_weight: PositiveFloat
    c: PositiveFloat
    class_weight: Literal["balanced", "none"]


class TextTfidfRecipe(ModelRecipe):
    """TF-IDF of the most frequent words of clean texts, and one of the report's scikit-learn classifiers.

    Attributes:
        column: `designation` alone, or `text`: designation and description; both cleaned.
        num_words: Words kept, those that occur most often in the train rows.
        row_limit: Train rows the classifier is fitted to, at most, drawn by `seed` with the shares of the classes;
            None: all. For classifiers whose time grows with the square of the rows.
        allow_constant: Whether a model that answers one class whatever it is shown is kept, with a warning, for the
            sake of a comparison; else it is refused.
        estimator: The classifier and its parameters.
    """

    modality = "text"

    family: Literal["text_tfidf"]
    column: Literal["designation", "text"]
    num_words: PositiveInt
    row_limit: PositiveInt | None = None
    allow_constant: bool = False
    estimator: Estimator


class TextNetworkRecipe(KerasRecipe):
    """A Keras network over word indices.

    Attributes:
        column: `designation` alone, or `text`: designation and description; both cleaned.
        num_words: Word indices: padding, unknown words, and the most frequent words of the train rows.
        sequence_length: Words a product at most, cut or padded at the end; no more are read than the longest train text
            has.
    """

    modality = "text"

    family: Literal["text_network"]
    column: Literal["designation", "text"]
    num_words: PositiveInt
    sequence_length: PositiveInt


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


class TextHashesRecipe(HashedTexts, KerasRecipe):
    """A Keras network over hashed n-grams: no vocabulary, so that words it never saw still share parts with others."""

    modality = "text"

    family: Literal["text_hashes"]
