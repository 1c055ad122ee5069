"""A small convolutional network trained on product photos from scratch: for machines that have no backbone weights."""

from typing import TYPE_CHECKING

from pydantic import Field, PositiveInt

from rakuten.images.augmentation import augmentation_layers
from rakuten.models.building import read_architecture
from rakuten.recipes import ImageNetworkRecipe
from rakuten.recipes.strict import Strict

if TYPE_CHECKING:
    import keras

# Keras' 0.99 takes some 500 steps to forget its start: on few photos, validation would judge a network that is not
# there yet, and stop it early.
NORM_MOMENTUM = 0.9


class Architecture(Strict):
    """Sizes.

    Attributes:
        filters: Filters of the first block; every block has twice those of the one before.
        blocks: Convolution blocks; each halves height and width, the first one quarters them.
        dropout: Share of pooled features dropped in training.
    """

    filters: PositiveInt
    blocks: PositiveInt
    dropout: float = Field(ge=0, lt=1)


def build(recipe: ImageNetworkRecipe, num_classes: int, input_shape: tuple[int, int, int]) -> "keras.Model":
    """Augmentation (training only) → rescaling to -1..1 → blocks → GlobalAveragePooling2D → Dropout → softmax.

    A block is Conv2D → BatchNormalization → relu → MaxPooling2D. Convolutions are 3×3; the first one is 5×5 and takes
    every second pixel, for at full resolution it would cost more than all others together.

    Args:
        recipe: Gives augmentation and the sizes.
        num_classes: Columns of the output.
        input_shape: (height, width, 3): uint8 RGB pixels.
    """
    import keras
    from keras import layers

    sizes = read_architecture(recipe, Architecture)
    network = [
        keras.Input(input_shape, dtype="uint8", name="pixels"),
        *augmentation_layers(recipe.augmentation),
        layers.Rescaling(1 / 127.5, offset=-1.0, name="rescaling"),
    ]
    for block in range(1, sizes.blocks + 1):
        width, stride = (5, 2) if block == 1 else (3, 1)
        filters = sizes.filters * 2 ** (block - 1)
        network += [
            layers.Conv2D(filters, width, stride, padding="same", use_bias=False, name=f"conv{block}"),
            layers.BatchNormalization(momentum=NORM_MOMENTUM, name=f"norm{block}"),
            layers.Activation("relu", name=f"relu{block}"),
            layers.MaxPooling2D(name=f"pool{block}"),
        ]
    network += [
        layers.GlobalAveragePooling2D(name="features"),
        layers.Dropout(sizes.dropout, name="dropout"),
        layers.Dense(num_classes, activation="softmax", name="probabilities"),
    ]
    return keras.Sequential(network, name="image_small_cnn")
