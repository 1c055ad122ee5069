"""Fusions as a whole: cases by modality, temperatures, and answers that do not depend on order."""

import functools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rakuten.catalogue.classes import CODES
from rakuten.data.probabilities import Probabilities
from rakuten.errors import MismatchError
from rakuten.fusion.alignment import align
from rakuten.fusion.combining import Average
from rakuten.fusion.fitting import FITS, fit_mixture, weighted_f1
from rakuten.fusion.fuser import Fuser
from rakuten.recipes.plan import FusionMethod
from rakuten.statistics.cross_fitting import folds_of
from rakuten.training.classifiers.calibration import Calibration, cross_calibrated

METHODS = tuple(FITS)
MODALITIES = ("text", "text", "image")


@functools.cache
def random_members(seed: int, num_rows: int = 60) -> tuple[list[Probabilities], np.ndarray, np.ndarray]:
    """Two text members of all products and an image member of half of them; productids and true classes."""
    generator = np.random.default_rng(seed)
    productids = generator.choice(10_000, num_rows, replace=False).astype(np.int64)
    targets = generator.integers(0, 27, num_rows)
    members = []
    for share, num_seen in ((0.7, num_rows), (0.5, num_rows), (0.8, num_rows // 2)):
        values = generator.dirichlet(np.full(27, 0.4), num_seen)
        rows = np.flatnonzero(generator.random(num_seen) < share)
        values[rows, targets[rows]] += 1
        values /= values.sum(axis=1, keepdims=True)
        members.append(Probabilities(productids[:num_seen], values.astype(np.float32)))
    return members, productids, targets


@functools.cache
def fitted(method: FusionMethod, seed: int = 3, *, calibrate: bool = True) -> tuple[Fuser, np.ndarray]:
    members, productids, targets = random_members(seed)
    return Fuser.fit(method, align(members, productids), targets, MODALITIES, calibrate=calibrate)


def test_each_set_of_modalities_is_a_case_of_its_own() -> None:
    fuser, _ = fitted("fitted")
    assert [case.modalities for case in fuser.cases] == [("image", "text"), ("image",), ("text",)]
    assert [case.rows for case in fuser.cases] == [30, 30, 60]
    both, _, text = (case.combiner for case in fuser.cases)
    assert isinstance(both, Average)
    assert isinstance(text, Average)
    renormalised = np.array(both.weights[:2]) / sum(both.weights[:2])
    assert not np.allclose(text.weights, renormalised, atol=0.01), "fitted for the case, not what is left of another"


def test_cases_without_photos_are_fitted_to_what_members_say_with_photos_hidden() -> None:
    members, productids, targets = random_members(3)
    right, wrong = (0.9 * np.eye(27)[answers % 27] + 0.1 / 27 for answers in (targets, targets + 1))
    said = [Probabilities(productids, right.astype(np.float32)), *members[1:]]
    hidden = [Probabilities(productids, wrong.astype(np.float32)), *members[1:]]
    fuser, _ = Fuser.fit(
        "fitted",
        align(said, productids),
        targets,
        MODALITIES,
        calibrate=False,
        unpictured=align(hidden, productids),
    )
    weights = {case.modalities: case.combiner.weights for case in fuser.cases if isinstance(case.combiner, Average)}
    assert weights["image", "text"][0] > 0.8
    assert weights[("text",)][0] < 0.2


def test_a_product_without_an_image_is_fused_by_the_case_of_texts() -> None:
    members, productids, _ = random_members(3)
    fuser, _ = fitted("fitted")
    blind = [*members[:2], None]
    without = productids[30:]
    np.testing.assert_allclose(
        fuser.apply(align(members, productids)).of(without).values, fuser.apply(align(blind, without)).values, atol=1e-6
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_dump_without_images_is_answered_by_texts_alone(method: FusionMethod) -> None:
    members, productids, targets = random_members(3)
    answered = fitted(method)[0].apply(align([*members[:2], None], productids))
    assert weighted_f1(answered.values.astype(float), targets) > 0.5


def test_validation_answers_are_honest() -> None:
    """Of a member that knows the classes of validation rows by heart, an in-sample fit would make a perfect score."""
    members, productids, targets = random_members(3)
    _, answers = fitted("weighted")
    assert np.isfinite(answers).all()
    in_sample = Fuser.fit("weighted", align(members, productids), targets, MODALITIES, calibrate=True)[0]
    assert not np.allclose(in_sample.apply(align(members, productids)).values, answers, atol=1e-4)


def test_calibration_makes_a_member_that_boasts_less_sure() -> None:
    members, productids, targets = random_members(3)
    boasting = np.full((len(productids), 27), 1e-6)
    boasting[np.arange(len(productids)), members[0].values.argmax(axis=1)] = 1
    boaster = Probabilities(productids, (boasting / boasting.sum(axis=1, keepdims=True)).astype(np.float32))
    aligned = align([boaster, members[1]], productids)
    fuser, _ = Fuser.fit("average", aligned, targets, ("text", "text"), calibrate=True)
    assert fuser.temperatures[0] > 2
    plain, _ = Fuser.fit("average", aligned, targets, ("text", "text"), calibrate=False)
    assert plain.temperatures == (1.0, 1.0)
    assert [case.temperature for case in plain.cases] == [1.0]


def test_given_weights_take_the_place_of_scores() -> None:
    members, productids, targets = random_members(3)
    fuser, _ = Fuser.fit(
        "weighted", align(members, productids), targets, MODALITIES, calibrate=False, weights=[0.81, 0.80, 0.65]
    )
    both, _, text = (case.combiner for case in fuser.cases)
    assert isinstance(both, Average)
    assert isinstance(text, Average)
    np.testing.assert_allclose(both.weights, np.array([0.81, 0.80, 0.65]) / 2.26)
    np.testing.assert_allclose(text.weights, np.array([0.81, 0.80]) / 1.61)


@pytest.mark.parametrize("method", METHODS)
def test_a_fusion_survives_json(method: FusionMethod) -> None:
    members, productids, _ = random_members(3)
    fuser, _ = fitted(method)
    again = Fuser.from_json(json.loads(json.dumps(fuser.as_json())))
    aligned = align(members, productids)
    np.testing.assert_array_equal(again.apply(aligned).values, fuser.apply(aligned).values)


@given(seed=st.integers(0, 2**32), method=st.sampled_from(METHODS))
@settings(max_examples=30, deadline=None)
def test_no_order_of_rows_changes_an_answer(seed: int, method: FusionMethod) -> None:
    generator = np.random.default_rng(seed)
    members, productids, _ = random_members(3)
    fuser, _ = fitted(method)
    asked = generator.permutation(productids)
    shuffled = [member.of(generator.permutation(member.productids)) for member in members]
    again = fuser.apply(align(shuffled, asked))
    assert again.productids.tolist() == asked.tolist()
    np.testing.assert_allclose(again.of(productids).values, fuser.apply(align(members, productids)).values, atol=1e-6)


@given(st.permutations(range(27)))
@settings(max_examples=20, deadline=None)
def test_no_order_of_columns_changes_an_answer(tmp_path_factory: pytest.TempPathFactory, order: list[int]) -> None:
    """The report's trouble: one modality's classes stood as "10", "11", …, "2", "20"."""
    members, productids, _ = random_members(3)
    path = tmp_path_factory.mktemp("columns") / "probabilities.parquet"
    members[0].write(path)
    frame = pd.read_parquet(path)
    frame[["productid", *(str(CODES[place]) for place in order)]].to_parquet(path)
    fuser, _ = fitted("fitted")
    np.testing.assert_array_equal(
        fuser.apply(align([Probabilities.read(path), *members[1:]], productids)).values,
        fuser.apply(align(members, productids)).values,
    )


@pytest.mark.parametrize("change", [{"10": "11"}, {"2905": "29050"}, {"10": "10.0"}])
def test_other_classes_are_refused(tmp_path: Path, change: dict[str, str]) -> None:
    members, _, _ = random_members(3)
    path = tmp_path / "probabilities.parquet"
    members[0].write(path)
    pd.read_parquet(path).rename(columns=change).to_parquet(path)
    with pytest.raises(MismatchError, match="its classes are not the catalogue's"):
        Probabilities.read(path)


@pytest.mark.parametrize("change", ["dropped", "added"])
def test_a_class_too_few_or_too_many_is_refused(tmp_path: Path, change: str) -> None:
    members, _, _ = random_members(3)
    path = tmp_path / "probabilities.parquet"
    members[0].write(path)
    frame = pd.read_parquet(path)
    (frame.drop(columns="40") if change == "dropped" else frame.assign(**{"41": 0.0})).to_parquet(path)
    with pytest.raises(MismatchError, match="they differ in"):
        Probabilities.read(path)


def test_a_product_that_one_of_two_text_models_lacks_is_refused() -> None:
    members, productids, _ = random_members(3)
    fuser, _ = fitted("average")
    with pytest.raises(MismatchError, match="1 of 1 products are in no case of this fusion"):
        fuser.apply(align([members[0], None, None], productids[:1]))


def scores_of_two_members(seed: int, num_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of two members that err as often, and independently, and true classes."""
    random = np.random.default_rng(seed)
    targets = random.integers(0, 27, num_rows)
    scores = random.normal(-0.8, 0.35, (2, num_rows, 27))
    scores[:, np.arange(num_rows), targets] += random.normal(0.9, 0.6, (2, num_rows))
    return scores, targets


def test_a_member_gains_no_weight_by_calibration_on_the_rows_that_weigh_it() -> None:
    """Only the first member is calibrated on the validation rows; other rows give what it is worth."""
    fresh, known = scores_of_two_members(999, 3_000)
    elsewhere = Calibration.fit(fresh[0], known)
    gains, differences = [], []
    for seed in range(4):
        scores, targets = scores_of_two_members(seed, 150)
        second, folds = elsewhere.apply(scores[1]), folds_of(np.arange(1, 151))
        weight, used, honest = (
            fit_mixture(np.stack([first, second]), targets).weights[0]
            for first in (
                elsewhere.apply(scores[0]),
                Calibration.fit(scores[0], targets).apply(scores[0]),
                cross_calibrated(scores[0], targets, folds),
            )
        )
        gains.append(used - weight)
        differences.append(honest - weight)
    assert min(gains) > 0.01
    assert abs(np.mean(differences)) < 0.01 < np.mean(gains)


def test_the_class_of_a_validation_row_moves_no_answer_to_it() -> None:
    members, productids, targets = random_members(3)
    aligned, folds = align(members[:2], productids), folds_of(productids)
    other = np.where(folds == 0, (targets + 5) % 27, targets)
    for method in METHODS:
        before, after = (
            Fuser.fit(method, aligned, truth, ("text", "text"), calibrate=False)[1][folds == 0]
            for truth in (targets, other)
        )
        np.testing.assert_array_equal(before, after, err_msg=method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", ["one class", "one row", "one fold"])
def test_validation_rows_that_tell_little_make_a_fusion_all_the_same(method: FusionMethod, case: str) -> None:
    members, productids, targets = random_members(3)
    if case == "one class":
        targets = np.full_like(targets, 4)
    else:
        kept = folds_of(productids) == 1 if case == "one fold" else np.arange(len(productids)) == 0
        productids, targets = productids[kept], targets[kept]
    fuser, answers = Fuser.fit(method, align(members[:2], productids), targets, ("text", "text"), calibrate=True)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-6)
    fused = fuser.apply(align(members[:2], members[0].productids))
    assert np.isfinite(fused.values).all()
