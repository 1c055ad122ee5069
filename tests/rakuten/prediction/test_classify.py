"""Classifying batch by batch: every product in its order, finished ones kept through a kill, equal however batched."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rakuten.data.probabilities import Probabilities
from rakuten.errors import PackageError
from rakuten.outputs import StageOutput
from rakuten.prediction import classify
from rakuten.prediction.classify import classify_products
from rakuten.prediction.members import Members
from rakuten.prediction.package import ModelPackage, open_package

ROWS = 50
Frames = Callable[[int], pd.DataFrame]


@pytest.fixture
def clean(hand_made: Any, products_to_predict: Frames) -> StageOutput:
    frame = products_to_predict(ROWS).drop(columns="prdtypecode")
    output: StageOutput = hand_made.output("clean_products-v1-b", {"test.parquet": frame.iloc[::-1]})
    return output


def classified(store: Any, package: ModelPackage, clean: StageOutput) -> StageOutput:
    output: StageOutput = store.run(
        classify_products, package=package, clean=clean, part="test", images={}, variant="scored"
    )
    return output


def read(output: StageOutput) -> Probabilities:
    return Probabilities.read(output.file("probabilities.parquet"))


def test_every_product_is_answered_in_the_part_s_order(
    hand_made: Any, package: ModelPackage, clean: StageOutput, products_to_predict: Frames
) -> None:
    output = classified(hand_made.store, package, clean)
    expected = products_to_predict(ROWS).iloc[::-1]
    assert read(output).productids.tolist() == expected["productid"].tolist()
    assert (read(output).predicted == expected["prdtypecode"]).mean() > 0.9
    facts = output.facts
    assert (facts["products"], facts["without_image"], facts["resumed"]) == (ROWS, ROWS, 0)
    assert facts["products_per_second"] > 0
    assert set(output.manifest.files) == {"probabilities.parquet"}


def test_answers_are_the_same_whatever_the_batching(
    hand_made: Any, hand_made_in: Any, package: ModelPackage, clean: StageOutput, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    whole = read(classified(hand_made.store, package, clean))
    for size in (1, 7, 49):
        monkeypatch.setattr(classify, "BATCH", size)
        apart = read(classified(hand_made_in(tmp_path / str(size)).store, package, clean))
        assert np.array_equal(apart.values, whole.values)


def test_a_kill_loses_no_finished_batch(
    hand_made: Any, hand_made_in: Any, package: ModelPackage, clean: StageOutput, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(classify, "BATCH", 8)
    answer, asked = Members.answer, []

    def answer_some(members: Members, products: pd.DataFrame) -> Probabilities:
        asked.append(len(products))
        if len(asked) == 4:
            raise KeyboardInterrupt
        return answer(members, products)

    monkeypatch.setattr(Members, "answer", answer_some)
    with pytest.raises(KeyboardInterrupt):
        classified(hand_made.store, package, clean)
    resumed = classified(hand_made.store, package, clean)
    assert asked == [8, 8, 8, 8, 8, 8, 8, 2]
    assert resumed.facts["resumed"] == 24
    monkeypatch.undo()
    whole = classified(hand_made_in(tmp_path / "undisturbed").store, package, clean)
    assert np.array_equal(read(resumed).values, read(whole).values)


@pytest.mark.parametrize("name", ["000000-*.parquet", ""])
def test_a_damaged_batch_of_an_interrupted_attempt_is_predicted_again(
    hand_made: Any, package: ModelPackage, clean: StageOutput, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(classify, "BATCH", 8)
    answer, asked = Members.answer, []

    def answer_some(members: Members, products: pd.DataFrame) -> Probabilities:
        asked.append(len(products))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return answer(members, products)

    monkeypatch.setattr(Members, "answer", answer_some)
    with pytest.raises(KeyboardInterrupt):
        classified(hand_made.store, package, clean)
    (batches,) = hand_made.store.folder.glob("classify_products-*.partial/scratch/batches")
    if name:
        next(batches.glob(name)).write_bytes(b"garbage")
    else:
        shutil.rmtree(batches)
        batches.touch()
    assert classified(hand_made.store, package, clean).facts["resumed"] == (8 if name else 0)


def test_a_package_of_a_run_and_its_copy_share_their_predictions(
    hand_made: Any, packed: Any, package: ModelPackage, clean: StageOutput
) -> None:
    first = classified(hand_made.store, open_package(packed.output.folder), clean)
    assert classified(hand_made.store, package, clean) == first


def test_a_package_that_was_damaged_meanwhile_is_refused(
    hand_made: Any, package: ModelPackage, clean: StageOutput
) -> None:
    (package.folder / "fusion.json").write_text("{}", "utf-8")
    with pytest.raises(PackageError, match=r"fusion\.json"):
        classified(hand_made.store, package, clean)


def test_refitted_models_that_are_not_there_are_refused(
    hand_made: Any, package: ModelPackage, clean: StageOutput
) -> None:
    inputs = {"package": package, "clean": clean, "part": "test", "images": {}}
    with pytest.raises(PackageError, match="holds no refitted sharp"):
        hand_made.store.run(classify_products, **inputs, variant="refitted")


def test_a_part_without_products_has_no_answers(
    hand_made: Any, package: ModelPackage, products_to_predict: Frames
) -> None:
    clean = hand_made.output("clean_products-v1-c", {"test.parquet": products_to_predict(1).iloc[:0]})
    assert len(read(classified(hand_made.store, package, clean)).productids) == 0
