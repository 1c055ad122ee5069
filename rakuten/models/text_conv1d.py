"""The report's Conv1D: which pairs of neighbouring words occur, wherever they stand.

Reference:
    Kim, Convolutional Neural Networks for Sentence Classification, EMNLP 2014.
"""

from typing import TYPE_CHECKING

from pydantic import Field, PositiveInt

from rakuten.models.building import read_architecture
from rakuten.recipes import TextNetworkRecipe
from rakuten.recipes.strict import Strict

if TYPE_CHECKING:
    import keras


class Architecture(Strict):
    """Sizes; the report's in brackets.

    Attributes:
        embedding_size: Numbers a word is turned into (100).
        spatial_dropout: Share of embedding dimensions dropped in training, for all words of a product alike (0.2).
        filters: Patterns looked for (64).
        kernel_size: Neighbouring words a pattern spans (2).
    """

    embedding_size: PositiveInt
    spatial_dropout: float = Field(ge=0, lt=1)
    filters: PositiveInt
    kernel_size: PositiveInt


def build(recipe: TextNetworkRecipe, num_classes: int, input_shape: tuple[int]) -> "keras.Model":
    """Embedding → SpatialDropout1D → Conv1D relu → GlobalMaxPooling1D → softmax.

    Args:
        recipe: Gives `num_words` and the sizes.
        num_classes: Columns of the output.
        input_shape: (words,): int word indices, 0 for padding.
    """
    import keras
    from keras import layers

    sizes = read_architecture(recipe, Architecture)
    return keras.Sequential(
        [
            keras.Input(input_shape, dtype="int32", name="words"),
            layers.Embedding(recipe.num_words, sizes.embedding_size, name="embedding"),
            layers.SpatialDropout1D(sizes.spatial_dropout, name="spatial_dropout"),
            layers.Conv1D(sizes.filters, sizes.kernel_size, activation="relu", name="conv1d"),
            layers.GlobalMaxPooling1D(name="pool"),
            layers.Dense(num_classes, activation="softmax", name="probabilities"),
        ],
        name="text_conv1d",
    )
