"""Recipes of Keras networks over images: from scratch, around a backbone, or a head on a frozen backbone's features."""

from typing import ClassVar, Literal

from pydantic import NonNegativeInt, PositiveInt

from rakuten.recipes.image import Augmentation, Backbone, Borders, ImageInput
from rakuten.recipes.network import InputName, KerasRecipe


class _ImageRecipe(KerasRecipe):
    """Fields of all recipes of image networks.

    Attributes:
        borders: See `ImageInput`.
    """

    modality = "image"
    inputs: ClassVar[tuple[InputName, ...]] = ("images",)

    borders: Borders = "keep"

    @property
    def columns(self) -> tuple[str, ...]:
        """The image."""
        return ("image_digest",)


class ImageNetworkRecipe(_ImageRecipe):
    """A Keras network trained on pixels from scratch.

    Attributes:
        input_size: Side of the square images, pixels.
        augmentation: What happens to photos in training.
    """

    family: Literal["image_network"]
    input_size: PositiveInt
    augmentation: Augmentation = Augmentation()

    @property
    def image_input(self) -> ImageInput:
        """Pixels."""
        return ImageInput("pixels", self.input_size, self.borders)


class ImageBackboneRecipe(_ImageRecipe):
    """A Keras network over pixels with a pre-trained backbone within it, frozen or in part trained on.

    Attributes:
        backbone: What the network starts from.
        unfrozen_layers: Layers of the backbone that are trained on, counted from its end as Keras lists them
            (activations and poolings count as well, as they did in the report); "all" of them; 0: it stays frozen.
        train_batch_norm: Whether BatchNormalization of unfrozen layers is trained as well and learns the statistics of
            the batches it is shown, as the report's was. Else it stays as ImageNet left it, as Keras advises: batches
            of 64 photos estimate them worse.
        augmentation: What happens to photos in training.
    """

    inputs = ("images", "weights")

    family: Literal["image_backbone"]
    backbone: Backbone
    unfrozen_layers: NonNegativeInt | Literal["all"] = 0
    train_batch_norm: bool = False
    augmentation: Augmentation = Augmentation()

    @property
    def image_input(self) -> ImageInput:
        """Pixels in the backbone's size."""
        return ImageInput("pixels", self.backbone.input_size, self.borders, self.backbone)


class ImageFeaturesRecipe(_ImageRecipe):
    """A head trained on the pooled features of a frozen backbone.

    Attributes:
        backbone: What makes the features.
    """

    family: Literal["image_features"]
    backbone: Backbone

    @property
    def image_input(self) -> ImageInput:
        """Features of the backbone."""
        return ImageInput("features", self.backbone.input_size, self.borders, self.backbone)


ImageRecipe = ImageNetworkRecipe | ImageBackboneRecipe | ImageFeaturesRecipe
