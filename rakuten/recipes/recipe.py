"""Recipes: everything that decides what one model becomes. One class a family, told apart by `family`."""

from typing import Annotated

from pydantic import Field

from rakuten.recipes.bimodal import BimodalRecipe
from rakuten.recipes.image import ImageBackboneRecipe, ImageFeaturesRecipe, ImageNetworkRecipe, ImageRecipe
from rakuten.recipes.text import TextHashesRecipe, TextNetworkRecipe, TextNgramsRecipe, TextTfidfRecipe

Recipe = Annotated[
    TextNgramsRecipe
    | TextTfidfRecipe
    | TextNetworkRecipe
    | TextHashesRecipe
    | ImageNetworkRecipe
    | ImageBackboneRecipe
    | ImageFeaturesRecipe
    | BimodalRecipe,
    Field(discriminator="family"),
]

NetworkRecipe = TextNetworkRecipe | TextHashesRecipe | ImageRecipe | BimodalRecipe
# Of models that read photos, whatever else they read.
PhotoRecipe = ImageRecipe | BimodalRecipe
