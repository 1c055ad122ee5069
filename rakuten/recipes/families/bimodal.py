"""Recipes of Keras networks over texts and images at once."""

from typing import Literal

from rakuten.recipes.image import Backbone, Borders, ImageInput
from rakuten.recipes.network import KerasRecipe
from rakuten.recipes.text import HashedTexts


class BimodalRecipe(HashedTexts, KerasRecipe):
    """A Keras network over hashed n-grams and a frozen backbone's features side by side: the report's "concatenate".

    It predicts every product; one without an image is read as such, in training too.

    Attributes:
        backbone: What makes the features.
        borders: What becomes of white borders of images.
    """

    modality = "text"
    inputs = ("images",)
    requires = ("ftfy", "numpy", "scipy")

    family: Literal["bimodal_network"]
    backbone: Backbone
    borders: Borders = "keep"

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns that are hashed, and the image."""
        return (*self.text_columns, "image_digest")

    @property
    def image_input(self) -> ImageInput:
        """Features of the backbone."""
        return ImageInput("features", self.backbone.input_size, self.borders, self.backbone)
