"""The report's figures are found for the models that follow it, and for no others."""

import pytest

from rakuten.data.classes import CODES
from rakuten.recipes import (
    Backbone,
    FitSettings,
    ImageFeaturesRecipe,
    ImageNetworkRecipe,
    TextNetworkRecipe,
    load_recipe,
    recipe_names,
)
from rakuten.recipes.plan import FusionMethod
from rakuten.reporting.published import published_f1_by_class, published_fusion, published_model

FIT = FitSettings(batch_size=200, epochs=5, learning_rate=1e-3)


def text_network(model: str, column: str) -> TextNetworkRecipe:
    return TextNetworkRecipe.model_validate(
        {
            "name": "any",
            "family": "text_network",
            "model": model,
            "column": column,
            "num_words": 20_000,
            "sequence_length": 400,
            "architecture": {},
            "fit": FIT,
        }
    )


@pytest.mark.parametrize(
    ("model", "column", "f1"), [("text_dnn", "text", 0.81), ("text_dnn", "designation", 0.77), ("conv1d", "text", 0.81)]
)
def test_a_text_network_stands_beside_the_same_network_on_the_same_column(model: str, column: str, f1: float) -> None:
    published = published_model(text_network(model, column))
    assert published is not None
    assert published.f1_weighted == f1
    assert published.model == f"{model.removeprefix('text_')} on {column}"


def test_a_plain_rnn_on_titles_stands_beside_the_challenge_s_baseline() -> None:
    published = published_model(text_network("text_rnn", "designation"))
    assert published is not None
    assert (published.model, published.f1_weighted) == ("challenge_rnn_baseline on designation", 0.8113)
    assert published_model(text_network("text_rnn", "text")) is None


def test_a_network_the_report_did_not_train_stands_alone() -> None:
    assert published_model(text_network("text_transformer", "text")) is None
    recipe = ImageNetworkRecipe(
        name="cnn", family="image_network", model="image_small_cnn", input_size=64, architecture={}, fit=FIT
    )
    assert published_model(recipe) is None


@pytest.mark.parametrize(("input_size", "f1"), [(224, 0.59), (96, None)])
def test_a_backbone_stands_beside_the_frozen_one_of_the_same_input_size(input_size: int, f1: float | None) -> None:
    backbone = Backbone(name="MobileNetV2", input_size=input_size)
    recipe = ImageFeaturesRecipe(
        name="x", family="image_features", model="feature_head", backbone=backbone, architecture={}, fit=FIT
    )
    published = published_model(recipe)
    assert (published.f1_weighted if published else None) == f1


@pytest.mark.parametrize(
    ("name", "f1"),
    [
        ("image_xception_frozen", 0.60),
        ("image_xception_augmented", 0.58),
        ("image_xception_fine_tuned", 0.65),
        ("image_xception", 0.66),
        ("image_densenet121", 0.59),
        ("image_mobilenet_v2_fine_tuned", 0.63),
        ("image_mobilenet_v2", 0.57),
        ("image_resnet50_frozen", 0.29),
        ("image_resnet50_baseline", 0.5534),
    ],
)
def test_an_image_recipe_stands_beside_the_report_s_step_that_it_follows(name: str, f1: float) -> None:
    published = published_model(load_recipe(name))
    assert published is not None
    assert published.f1_weighted == f1


@pytest.mark.parametrize(("vote", "f1"), [("weighted", 0.84), ("max", 0.83)])
def test_votes_stand_beside_the_same_vote(vote: FusionMethod, f1: float) -> None:
    published = published_fusion(vote)
    assert published is not None
    assert published.f1_weighted == f1
    assert published.column in published_f1_by_class()


def test_figures_by_class_cover_all_classes_and_the_reports_test_rows() -> None:
    by_class = published_f1_by_class()
    assert sorted(by_class.index) == list(CODES)
    assert not by_class.isna().any().any()
    assert by_class["support"].sum() == 16_984
    assert by_class.loc[1281, ["conv1d", "dnn", "max_vote", "weighted_vote"]].tolist() == [0.56, 0.60, 0.55, 0.58]


@pytest.mark.parametrize(
    ("name", "f1"),
    [("text_linear_svc", 0.78), ("text_svm", 0.22), ("text_svm_designation", 0.12), ("text_voting_designation", 0.73)],
)
def test_scikit_learn_models_stand_beside_the_same_one_on_the_same_column(name: str, f1: float) -> None:
    published = published_model(load_recipe(name))
    assert published is not None
    assert published.f1_weighted == f1


def test_every_recipe_of_a_scikit_learn_model_has_its_row() -> None:
    recipes = [load_recipe(name) for name in recipe_names()]
    of_family = [recipe for recipe in recipes if recipe.family == "text_tfidf"]
    assert len(of_family) == 12
    assert all(published_model(recipe) for recipe in of_family)
