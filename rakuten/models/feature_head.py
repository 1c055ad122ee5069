"""The report's image head: what it put on the pooled features of a frozen backbone."""

from typing import TYPE_CHECKING

from pydantic import Field, NonNegativeInt

from rakuten.models.building import read_architecture
from rakuten.recipes import ImageFeaturesRecipe
from rakuten.recipes.strict import Strict

if TYPE_CHECKING:
    import keras


class Architecture(Strict):
    """Sizes; the report's in brackets.

    Attributes:
        first_units: Units of the first hidden layer (1024); 0: there is no such layer.
        second_units: Units of the second hidden layer (512); 0: there is no such layer.
        dropout: Share of hidden units dropped in training, after either layer (0.2).
    """

    first_units: NonNegativeInt
    second_units: NonNegativeInt
    dropout: float = Field(ge=0, lt=1)


def build(recipe: ImageFeaturesRecipe, num_classes: int, input_shape: tuple[int]) -> "keras.Model":
    """Dense relu → Dropout → Dense relu → Dropout → softmax.

    Args:
        recipe: Gives the sizes.
        num_classes: Columns of the output.
        input_shape: (features,): float32 pooled features of the backbone.
    """
    import keras

    sizes = read_architecture(recipe, Architecture)
    features = keras.Input(input_shape, name="features")
    return keras.Sequential([features, *head_layers(sizes, num_classes)], name="feature_head")


def head_layers(sizes: Architecture, num_classes: int) -> "list[keras.layers.Layer]":
    """The head's layers, from pooled features to probabilities."""
    from keras import layers

    made: list[keras.layers.Layer] = []
    for name, units in (("first", sizes.first_units), ("second", sizes.second_units)):
        if units:
            made.append(layers.Dense(units, activation="relu", name=f"{name}_hidden"))
            made.append(layers.Dropout(sizes.dropout, name=f"{name}_dropout"))
    # In full precision always: halves of probabilities do not sum to 1.
    return [*made, layers.Dense(num_classes, activation="softmax", name="probabilities", dtype="float32")]
