"""The report's "Simple DNN": every word position has its own weights."""

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
        dense_units: Units of the hidden layer (100).
        dropout: Share of hidden units dropped in training (0.5).
    """

    embedding_size: PositiveInt
    dense_units: PositiveInt
    dropout: float = Field(ge=0, lt=1)


def build(recipe: TextNetworkRecipe, num_classes: int, input_shape: tuple[int]) -> "keras.Model":
    """Embedding → Flatten → Dense relu → Dropout → softmax.

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
            layers.Flatten(name="flatten"),
            layers.Dense(sizes.dense_units, activation="relu", name="hidden"),
            layers.Dropout(sizes.dropout, name="dropout"),
            layers.Dense(num_classes, activation="softmax", name="probabilities"),
        ],
        name="text_dnn",
    )
