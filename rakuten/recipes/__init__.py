"""What is trained and how: recipes and plans, TOML files read into frozen models."""

from rakuten.recipes.families.bimodal import BimodalRecipe
from rakuten.recipes.families.image_network import ImageBackboneRecipe, ImageFeaturesRecipe, ImageNetworkRecipe
from rakuten.recipes.families.text_hashes import TextHashesRecipe
from rakuten.recipes.families.text_network import TextNetworkRecipe
from rakuten.recipes.families.text_ngrams import TextNgramsRecipe
from rakuten.recipes.families.text_tfidf import TextTfidfRecipe
from rakuten.recipes.image import Augmentation, Backbone, Borders, ImageInput
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
from rakuten.recipes.network import FitSettings, KerasRecipe, ModelRecipe
from rakuten.recipes.plan import CleaningRecipe, FusionRecipe, Plan, SplitRecipe
from rakuten.recipes.rate_finder import RateFinderRecipe, RateMethod, rate_finder
from rakuten.recipes.recipe import Recipe

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
    "ImageInput",
    "ImageNetworkRecipe",
    "ImageStudyPlan",
    "KerasRecipe",
    "ModelRecipe",
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
