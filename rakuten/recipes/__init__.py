"""What is trained and how: recipes and plans, TOML files read into frozen models."""

from rakuten.recipes.bimodal import BimodalRecipe
from rakuten.recipes.image import (
    Augmentation,
    Backbone,
    Borders,
    ImageBackboneRecipe,
    ImageFeaturesRecipe,
    ImageNetworkRecipe,
)
from rakuten.recipes.image_study import ImageStudyPlan
from rakuten.recipes.loading import (
    image_study_names,
    load_image_study,
    load_network_recipe,
    load_plan,
    load_recipe,
    plan_names,
    recipe_names,
)
from rakuten.recipes.network import FitSettings
from rakuten.recipes.plan import CleaningRecipe, FusionRecipe, Plan, SplitRecipe
from rakuten.recipes.rate_finder import RateFinderRecipe, RateMethod, rate_finder
from rakuten.recipes.recipe import Recipe
from rakuten.recipes.text import TextHashesRecipe, TextNetworkRecipe, TextNgramsRecipe, TextTfidfRecipe

__all__ = [
    "Augmentation",
    "Backbone",
    "BimodalRecipe",
    "Borders",
    "CleaningRecipe",
    "FitSettings",
    "FusionRecipe",
    "ImageBackboneRecipe",
    "ImageFeaturesRecipe",
    "ImageNetworkRecipe",
    "ImageStudyPlan",
    "Plan",
    "RateFinderRecipe",
    "RateMethod",
    "Recipe",
    "SplitRecipe",
    "TextHashesRecipe",
    "TextNetworkRecipe",
    "TextNgramsRecipe",
    "TextTfidfRecipe",
    "image_study_names",
    "load_image_study",
    "load_network_recipe",
    "load_plan",
    "load_recipe",
    "plan_names",
    "rate_finder",
    "recipe_names",
]
