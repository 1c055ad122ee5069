"""Steps of the image study as tables: the reference beside ours, refused models with reasons, a step with none left."""

import json
from pathlib import Path
from typing import Any

import hostile
import pandas as pd
import pytest

from rakuten.catalogue.classes import CODES, LABELS
from rakuten.outputs import StageOutput
from rakuten.pages.markdown import unescape_markdown
from rakuten.pages.page import SPACES
from rakuten.printable import printable
from rakuten.recipes import load_image_study, load_recipe
from rakuten.reporting.study import render_study
from rakuten.reporting.study_steps import report_step, table_rows
from rakuten.reporting.study_tables import below_baseline, score_table

PICTURES = {"curves.png": "no picture", "confusion.png": "no picture"}


def evaluated(hand_made: Any, name: str, validation_f1: float, f1_of_first: float = 0.5) -> StageOutput:
    """An evaluation of a training that ran two epochs; the first class was found with this F1, the last has no rows."""
    key = f"{name.count('_')}{len(name)}"
    history = pd.DataFrame({"epoch": [1, 2]})
    facts = {"epochs": 2, "train_rows": 80, "without_image": 3}
    model = hand_made.output(f"train_model-v1-{key}", {"history.parquet": history}, **facts)
    metrics = {
        "name": name,
        "scored": model.key,
        "test": {"f1_weighted": 0.4, "accuracy": 0.41, "interval": [0.3, 0.5]},
        "validation": {"f1_weighted": validation_f1},
    }
    classes = pd.DataFrame(
        {
            "prdtypecode": CODES,
            "label": [LABELS[code] for code in CODES],
            "precision": 0.7,
            "recall": 0.7,
            "f1": [f1_of_first] + [0.7] * (len(CODES) - 2) + [0.0],
            "support": [5] * (len(CODES) - 1) + [0],
        }
    )
    confusions = pd.DataFrame({"prdtypecode": [10, 40], "taken_for": [40, 10], "share": [0.5, 0.1], "count": [4, 1]})
    files = {"per_class.parquet": classes, "confusions.parquet": confusions, **PICTURES}
    return hand_made.output(f"evaluate-v1-{key}", {"metrics.json": json.dumps(metrics), **files})


@pytest.fixture
def step(hand_made: Any, tmp_path: Path) -> tuple[StageOutput, ...]:
    """Two models of which one is detailed, and one that was refused."""
    recipes = tuple(
        load_recipe(name) for name in ("image_vgg16_frozen", "image_xception_frozen", "image_resnet50_frozen")
    )
    found = (
        evaluated(hand_made, "image_vgg16_frozen", 0.3),
        evaluated(hand_made, "image_xception_frozen", 0.5),
    )
    refused = {"image_resnet50_frozen": "predicts one class"}
    snapshot = hand_made.output("record_snapshot-v1-0", {}, generated=False)
    data = {"snapshot": snapshot, "split": hand_made.split(list(CODES), ["train"] * len(CODES)), "refused": refused}
    content = {"evaluations": found, "recipes": recipes, "detailed": ("image_xception_frozen",), **data}
    full = hand_made.store.run(report_step, step="selection", **content)
    nothing = {"evaluations": (), "recipes": recipes[2:], "detailed": ("image_resnet50_frozen",), **data}
    return full, hand_made.store.run(report_step, step="final", **nothing)


def test_a_step_s_table_has_the_best_on_validation_first_and_the_reference_beside_it(
    step: tuple[StageOutput, ...],
) -> None:
    table = pd.read_parquet(step[0].file("table.parquet"))
    assert table["model"].tolist() == ["image_xception_frozen", "image_vgg16_frozen"]
    assert table["reference"].tolist() == [0.60, 0.57]
    assert table["without_image"].tolist() == [3, 3]
    assert step[0].facts == {"models": 2, "refused": 1}


def test_classes_below_the_baseline_are_those_with_products(step: tuple[StageOutput, ...]) -> None:
    assert step[0].read_json("step.json")["below_baseline"] == {"image_xception_frozen": ["10 adult books 0.50"]}
    classes = pd.read_parquet(step[0].file("classes.parquet"))
    assert classes.set_index("prdtypecode")["reference"][1180] == 0.25
    assert below_baseline(classes[classes["f1"] > 0.6]) == {"image_xception_frozen": []}


def test_single_confusions_are_left_out(step: tuple[StageOutput, ...]) -> None:
    assert pd.read_parquet(step[0].file("confusions.parquet"))["prdtypecode"].tolist() == [10]


def test_a_step_of_which_nothing_is_left_says_why(step: tuple[StageOutput, ...], hand_made: Any) -> None:
    assert score_table((), (), has_reference=True).empty
    snapshot = hand_made.store.find("record_snapshot-v1-0")
    inputs = {"plan": load_image_study("image_study"), "snapshot": snapshot, "dump_name": "dump"}
    study = hand_made.store.run(render_study, steps=step, **inputs)
    for name in ("report.html", "report.md"):
        text = study.file(name).read_text("utf-8")
        assert "image_resnet50_frozen: predicts one class" in unescape_markdown(text)
        assert "Step 5" in text
    assert "0.25" in study.file("report.html").read_text("utf-8")


@pytest.mark.parametrize("title", hostile.TITLES.values(), ids=hostile.TITLES)
def test_hostile_texts_are_text_in_page_and_summary(title: str, hand_made: Any) -> None:
    recipes = (load_recipe("image_vgg16_frozen"), load_recipe("image_resnet50_frozen"))
    snapshot = hand_made.output("record_snapshot-v1-0", {}, generated=True)
    split = hand_made.split(list(CODES), ["train"] * len(CODES))
    step = hand_made.store.run(
        report_step,
        step="selection",
        evaluations=(evaluated(hand_made, "image_vgg16_frozen", 0.3),),
        recipes=recipes,
        detailed=("image_vgg16_frozen",),
        refused={"image_resnet50_frozen": title},
        snapshot=snapshot,
        split=split,
    )
    inputs = {"plan": load_image_study("image_study"), "snapshot": snapshot, "dump_name": title}
    study = hand_made.store.run(render_study, steps=(step,), **inputs)
    page = hostile.parse_page(study.file("report.html").read_text("utf-8"))
    hostile.parse_page(study.file("costs.html").read_text("utf-8"))
    hostile.parse_markdown(study.file("report.md").read_text("utf-8"))
    assert page.find("li", string=f"image_resnet50_frozen: {printable(title, keep=SPACES)}") is not None


def test_a_study_of_a_generated_dump_says_so_and_stands_beside_no_reference(hand_made: Any) -> None:
    snapshot = hand_made.output("record_snapshot-v1-0", {}, generated=True)
    step = hand_made.store.run(
        report_step,
        step="selection",
        evaluations=(evaluated(hand_made, "image_vgg16_frozen", 0.3),),
        recipes=(load_recipe("image_vgg16_frozen"),),
        detailed=("image_vgg16_frozen",),
        refused={},
        snapshot=snapshot,
        split=hand_made.split(list(CODES), ["train"] * len(CODES)),
    )
    assert "reference" not in pd.read_parquet(step.file("table.parquet"))
    inputs = {"plan": load_image_study("image_study"), "snapshot": snapshot, "dump_name": "monday"}
    study = hand_made.store.run(render_study, steps=(step,), **inputs)
    page = hostile.parse_page(study.file("report.html").read_text("utf-8"))
    assert page.h1 is not None
    assert "on generated data" in page.h1.text
    assert study.facts["generated"] == ["monday"]
    assert "(generated data)" in study.file("report.md").read_text("utf-8").splitlines()[0]


def test_classes_without_test_products_have_no_f1_and_durations_stand_apart(
    step: tuple[StageOutput, ...], hand_made: Any
) -> None:
    classes = pd.read_parquet(step[0].file("classes.parquet")).set_index("prdtypecode")
    assert classes["f1"].isna().tolist() == [False] * (len(CODES) - 1) + [True]
    assert "seconds" not in pd.read_parquet(step[0].file("table.parquet"))
    assert pd.read_parquet(step[0].file("costs.parquet"))["seconds"].tolist() == [12.5, 12.5]
    assert [row["seconds"] for row in table_rows(step[0])] == [12.5, 12.5]
