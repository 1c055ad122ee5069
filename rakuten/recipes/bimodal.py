"""Recipes of models that read texts and photos at once."""

from typing import ClassVar, Literal

from rakuten.recipes.image import Backbone, Borders, Reads
from rakuten.recipes.network import KerasRecipe
from rakuten.recipes.text import HashedTexts


class BimodalRecipe(HashedTexts, KerasRecipe):
    """A Keras network over hashed n-grams and a frozen backbone's features side by side: the report's "concatenate".

    It answers for every product: one without a photo is read as such, and learnt from.

    Attributes:
        backbone: What makes the features.
        borders: What becomes of white borders of photos.
    """

    modality = "text"
    reads_photos = True
    reads: ClassVar[Reads] = "features"

    family: Literal["bimodal_network"]
    backbone: Backbone
    borders: Borders = "keep"
