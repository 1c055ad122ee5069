"""The reference study's figures stand beside the model and input that were measured, and beside nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from rakuten.catalogue.classes import CODES
from rakuten.recipes import Plan, Recipe, load_plan, load_recipe, recipe_names
from rakuten.recipes.plan import FusionMethod
from rakuten.reporting.published import (
    COMBINATIONS,
    TEXT_MODELS,
    is_challenge_catalogue,
    published_fusion_f1,
    published_fusions,
    published_model,
    published_support,
    published_vote,
)


def f1_of(recipe: Recipe) -> float | None:
    found = published_model(recipe)
    return found.f1_weighted if found else None


def changed(recipe: str, **changes: Any) -> Recipe:
    return load_recipe(recipe).model_copy(update=changes)


@pytest.mark.parametrize(
    ("name", "f1"),
    [
        ("text_linear_svc", 0.78),
        ("text_linear_svc_designation", 0.77),
        ("text_svm", 0.22),
        ("text_voting_designation", 0.73),
        ("text_gru", 0.77),
        ("text_conv1d", 0.81),
        ("text_dnn", 0.81),
        ("image_xception_frozen", 0.60),
        ("image_xception_augmented", 0.58),
        ("image_xception_fine_tuned", 0.65),
        ("image_xception", 0.66),
        ("image_densenet121", 0.59),
        ("image_mobilenet_v2_fine_tuned", 0.63),
        ("image_resnet50_frozen", 0.29),
        ("image_resnet50_baseline", 0.5534),
    ],
)
def test_a_recipe_that_reproduces_a_model_of_the_study_has_its_figure(name: str, f1: float) -> None:
    assert f1_of(load_recipe(name)) == f1


@pytest.mark.parametrize(
    "name",
    [
        "text_ngrams",
        "text_fasttext",
        "text_rnn_designation",
        "text_dnn_designation",
        "text_gru_designation",
        "image_small_cnn",
        "image_mobilenet_v2_weighted",
        "image_mobilenet_v2_balanced",
        "image_mobilenet_v2_cropped",
        "image_mobilenet_v2_blackened",
        "image_mobilenet_v2_recoloured",
        "image_mobilenet_v2_few_photos",
        "bimodal_mobilenet_v2",
    ],
)
def test_a_recipe_that_the_study_never_tried_has_no_figure(name: str) -> None:
    assert f1_of(load_recipe(name)) is None


@pytest.mark.parametrize(
    "recipe",
    [
        lambda: changed("text_dnn", sequence_length=100),
        lambda: changed("text_linear_svc", num_words=10_000),
        lambda: changed(
            "image_xception_frozen", architecture={"first_units": 512, "second_units": 512, "dropout": 0.2}
        ),
        lambda: changed("image_xception", unfrozen_layers=20),
        lambda: changed("image_xception", augmentation=load_recipe("image_small_cnn").augmentation),
        lambda: changed("image_xception_frozen", borders="crop"),
    ],
)
def test_a_changed_setting_leaves_the_figure_out(recipe: Callable[[], Recipe]) -> None:
    assert f1_of(recipe()) is None


def test_a_name_of_ones_own_and_a_seed_keep_the_figure() -> None:
    assert f1_of(changed("text_dnn", name="mine", seed=7)) == 0.81


def test_every_text_model_of_the_study_that_a_recipe_names_is_among_its_figures() -> None:
    assert set(TEXT_MODELS) <= set(recipe_names())
    assert all(published_model(load_recipe(name)) for name in TEXT_MODELS)


def test_f1_by_class_stands_beside_the_input_it_was_measured_on() -> None:
    on_text, best_frozen = (
        published_model(load_recipe("text_dnn")),
        published_model(load_recipe("image_xception_frozen")),
    )
    assert on_text is not None
    assert on_text.by_class is not None
    assert on_text.by_class[1281] == 0.60
    assert best_frozen is not None
    assert best_frozen.by_class is not None
    assert best_frozen.by_class[1180] == 0.25
    for name in ("text_linear_svc", "image_xception", "image_xception_augmented"):
        found = published_model(load_recipe(name))
        assert found is not None
        assert found.by_class is None


def vote(plan: Plan, method: FusionMethod) -> float | None:
    found = published_vote(plan, method)
    return found.f1_weighted if found else None


@pytest.mark.parametrize("name", sorted(COMBINATIONS))
def test_votes_of_the_study_s_combinations_have_their_figures(name: str) -> None:
    plan = load_plan(name)
    assert (vote(plan, "weighted"), vote(plan, "max"), vote(plan, "average")) == (0.84, 0.83, None)


@pytest.mark.parametrize("name", ["default", "demo", "transfer", "text_study", "bimodal"])
def test_votes_of_other_plans_have_no_figures(name: str) -> None:
    plan = load_plan(name)
    assert [vote(plan, method) for method in plan.fusion.methods] == [None] * len(plan.fusion.methods)


def test_votes_with_other_weights_or_calibrated_members_have_no_figures() -> None:
    plan = load_plan("report_xception")
    weights = plan.fusion.weights | {"image_xception": 0.9}
    reweighted = plan.model_copy(update={"fusion": plan.fusion.model_copy(update={"weights": weights})})
    assert (vote(reweighted, "weighted"), vote(reweighted, "max")) == (None, 0.83)
    calibrated = plan.model_copy(update={"fusion": plan.fusion.model_copy(update={"calibrate": True})})
    assert (vote(calibrated, "weighted"), vote(calibrated, "max")) == (None, None)


def test_the_misprint_is_marked_and_no_other_figure() -> None:
    found = published_vote(load_plan("report_inception_v3"), "weighted")
    assert found is not None
    assert found.by_class is not None
    assert (found.by_class[1160], found.misprints) == (0.59, {1160})
    for plan, method in (("report_xception", "weighted"), ("report_inception_v3", "max")):
        other = published_vote(load_plan(plan), method)  # type: ignore[arg-type]
        assert other is not None
        assert other.misprints == frozenset()


def test_the_max_vote_says_that_a_model_was_left_out() -> None:
    found = published_vote(load_plan("report_xception"), "max")
    assert found is not None
    assert "Conv1D left out" in found.model


def test_figures_by_class_cover_all_classes_and_the_study_s_test_rows() -> None:
    assert sum(published_support().values()) == 16_984
    for combination in COMBINATIONS.values():
        assert len(published_fusions(combination)) == 2
        for f1 in published_fusion_f1(combination).values():
            assert sorted(f1) == list(CODES)


@pytest.mark.parametrize(
    ("facts", "codes", "expected"),
    [
        ([{"generated": False}], list(CODES), True),
        ([{}, {}], list(CODES), True),
        ([{"generated": True}], list(CODES), False),
        ([{}, {"generated": True}], list(CODES), False),
        ([{}], list(CODES[1:]), False),
    ],
    ids=["challenge", "recorded before", "generated", "one of two generated", "other classes"],
)
def test_scores_are_compared_on_the_challenge_s_catalogue_only(
    facts: list[dict[str, bool]], codes: list[int], expected: bool, hand_made: Any
) -> None:
    snapshots = [hand_made.output(f"record_snapshot-v1-{place}", {}, **content) for place, content in enumerate(facts)]
    split = hand_made.split(codes, ["train"] * len(codes))
    assert is_challenge_catalogue(snapshots, split) is expected
