"""The report's image networks: a pre-trained backbone under its head, augmentation and preprocessing in front of it.

Pixels go in as they are stored, so that nobody can feed the backbone what it was not trained on.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from rakuten.images.augmentation import augmentation_layers
from rakuten.images.backbones import build_network, load_weights, preparation, unfreeze
from rakuten.images.precision import precision_of_device
from rakuten.models import feature_head
from rakuten.models.building import read_architecture
from rakuten.recipes import ImageBackboneRecipe

if TYPE_CHECKING:
    import keras

Architecture = feature_head.Architecture

BACKBONE = "backbone"


def build(recipe: ImageBackboneRecipe, num_classes: int, input_shape: tuple[int, int, int]) -> "keras.Model":
    """Augmentation (training only) → the backbone's own preprocessing → backbone → GlobalAveragePooling2D → head.

    Args:
        recipe: Gives backbone, augmentation and the head's sizes.
        num_classes: Columns of the output.
        input_shape: (height, width, 3): uint8 RGB pixels.
    """
    import keras
    from keras import layers, ops

    sizes = read_architecture(recipe, Architecture)
    with precision_of_device():
        pixels = keras.Input(input_shape, dtype="uint8", name="pixels")
        prepared = ops.cast(pixels, "float32")
        for layer in augmentation_layers(recipe.augmentation):
            prepared = layer(prepared)
        network = build_network(recipe.backbone)
        network.name = BACKBONE
        unfreeze(network, recipe.unfrozen_layers, batch_norm=recipe.train_batch_norm)
        maps = network(preparation(recipe.backbone)(prepared))
        values = layers.GlobalAveragePooling2D(name="features")(maps)
        for layer in feature_head.head_layers(sizes, num_classes):
            values = layer(values)
        return keras.Model(pixels, values, name="image_backbone")


def load_pretrained(model: "keras.Model", weights: Path) -> None:
    """Load the backbone's weights.

    Args:
        model: As `build` made it.
        weights: File of the backbone's weights without top.

    Raises:
        InputError: If the file does not hold weights of this backbone.
    """
    load_weights(model.get_layer(BACKBONE), weights)
