"""The challenge's baseline, as far as it was told: "a simplified RNN" on titles. Ours is the plainest, Elman's.

Reference:
    Elman, Finding Structure in Time, Cognitive Science 14, 1990.
"""

from typing import TYPE_CHECKING

from pydantic import Field, PositiveInt

from rakuten.models.building import read_architecture
from rakuten.recipes import TextNetworkRecipe
from rakuten.recipes.strict import Strict

if TYPE_CHECKING:
    import keras


class Architecture(Strict):
    """Sizes.

    Attributes:
        embedding_size: Numbers a word is turned into.
        recurrent_units: Numbers the cell holds in mind.
        dropout: Share of what is in mind after the last word that is dropped in training.
    """

    embedding_size: PositiveInt
    recurrent_units: PositiveInt
    dropout: float = Field(ge=0, lt=1)


def build(recipe: TextNetworkRecipe, num_classes: int, input_shape: tuple[int]) -> "keras.Model":
    """Embedding → SimpleRNN tanh, its state after the last word → Dropout → softmax.

    Padding is masked: the cell would have forgotten a short title by the end of it.

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
            layers.Embedding(recipe.num_words, sizes.embedding_size, mask_zero=True, name="embedding"),
            layers.SimpleRNN(sizes.recurrent_units, name="rnn"),
            layers.Dropout(sizes.dropout, name="dropout"),
            layers.Dense(num_classes, activation="softmax", name="probabilities"),
        ],
        name="text_rnn",
    )
