"""The report's GRU: reads the words in order, and averages what it holds in mind after each.

Reference:
    Cho et al., Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation,
    EMNLP 2014.
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
        embedding_size: Numbers a word is turned into (200).
        recurrent_units: Numbers the cell holds in mind (128).
        dense_units: Units of the hidden layer (256).
        dropout: Share of units dropped in training, after the cell and after the hidden layer (0.3).
    """

    embedding_size: PositiveInt
    recurrent_units: PositiveInt
    dense_units: PositiveInt
    dropout: float = Field(ge=0, lt=1)


def build(recipe: TextNetworkRecipe, num_classes: int, input_shape: tuple[int]) -> "keras.Model":
    """Embedding → GRU of every position → Dropout → GlobalAveragePooling1D → Dense relu → Dropout → softmax.

    As in the report, padding is read and averaged like words are.

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
            layers.GRU(sizes.recurrent_units, return_sequences=True, name="gru"),
            layers.Dropout(sizes.dropout, name="recurrent_dropout"),
            layers.GlobalAveragePooling1D(name="pool"),
            layers.Dense(sizes.dense_units, activation="relu", name="hidden"),
            layers.Dropout(sizes.dropout, name="dropout"),
            layers.Dense(num_classes, activation="softmax", name="probabilities"),
        ],
        name="text_gru",
    )
