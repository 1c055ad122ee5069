"""The report of a small run: what it says, that it is one file, and that data cannot take it over."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rakuten.data.classes import CODES
from rakuten.errors import InputError
from rakuten.evaluation.evaluate import evaluate
from rakuten.fusion.stages import fuse_votes
from rakuten.outputs import StageOutput
from rakuten.recipes import FitSettings, Plan, TextNetworkRecipe
from rakuten.reporting.scores import score_table
from rakuten.reporting.stages import render_report

HOSTILE = "<script>alert('x')</script>"


def recipe(name: str) -> TextNetworkRecipe:
    return TextNetworkRecipe(
        name=name,
        family="text_network",
        model=name,
        column="text",
        num_words=100,
        sequence_length=10,
        architecture={},
        fit=FitSettings(batch_size=8, epochs=2, learning_rate=1e-3),
    )


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, hand_made_in: Any) -> dict[str, Any]:
    """Inputs of the stage: two models and their weighted vote on 27 classes, and a store to run it in."""
    hand_made = hand_made_in(tmp_path_factory.mktemp("report") / "outputs")
    codes = [*CODES, *CODES, 10, 10, 10, 10]
    sides = ["test"] * 27 + ["validation"] * 27 + ["test"] * 3 + ["withheld"]
    split = hand_made.split(codes, sides)
    scored, truth = list(range(1, 58)), codes[:57]
    columns = ["loss", "accuracy", "validation_loss", "validation_accuracy", "validation_f1_weighted"]
    history = pd.DataFrame({"epoch": [1, 2], **{column: [0.5, 0.4] for column in columns}})
    # The second model cannot see three test products and takes every 10 for a 40.
    seen = [product for product in scored if product not in (20, 21, 22)]
    confused = [40 if truth[product - 1] == 10 else truth[product - 1] for product in seen]
    dnn = hand_made.output(
        "train-v1-dnn", {"probabilities.parquet": hand_made.sure_of(scored, truth), "history.parquet": history}
    )
    cnn = hand_made.output("train-v1-cnn", {"probabilities.parquet": hand_made.sure_of(seen, confused)})
    fused = hand_made.store.run(fuse_votes, members=(dnn, cnn), split=split, vote="weighted")
    named = {"text_dnn": dnn, "image_small_cnn": cnn, "weighted vote": fused}
    quarantine = {
        "part": "train",
        "file": "X_train_update.csv",
        "row": 4,
        "productid": 9,
        "reason": "label_unknown",
        "detail": f"designation is {HOSTILE}",
        "severity": "critical",
    }
    expectation = {
        "contract": "raw_products",
        "expectation": "expect_x",
        "column": "",
        "severity": "warning",
        "reason": "odd",
        "means": "nothing is odd",
        "ok": False,
        "observed": HOSTILE,
        "failing_rows": pd.NA,
    }
    return {
        "store": hand_made.store,
        "evaluations": tuple(
            hand_made.store.run(evaluate, scored=output, split=split, name=name) for name, output in named.items()
        ),
        "votes": (fused,),
        "decision": "weighted vote",
        "plan": Plan(name="night", recipes=(recipe("text_dnn"), recipe("image_small_cnn"))),
        "snapshot": hand_made.output(
            "snapshot-v1-0", {"files.parquet": pd.DataFrame({"name": ["a"], "size": [12_000]})}
        ),
        "validation": hand_made.output(
            "validation-v1-0",
            {
                "verdict.json": json.dumps({"ok": True, "summary": ["1 of 59 records quarantined"]}),
                "quarantine.parquet": pd.DataFrame([quarantine]),
                "expectations.parquet": pd.DataFrame([expectation]).astype({"failing_rows": "Int64"}),
            },
        ),
        "clean": hand_made.output(
            "clean_products-v1-0",
            {"train.parquet": pd.DataFrame({"description": ["", "x"], "image_digest": ["d", None]})},
        ),
        "split": split,
        "command": "rakuten retrain --dump DIR --plan night",
        "dump_name": HOSTILE,
    }


@pytest.fixture(scope="module")
def report(inputs: dict[str, Any]) -> StageOutput:
    return run(inputs)


@pytest.fixture(scope="module")
def page(report: StageOutput) -> str:
    return report.file("report.html").read_text("utf-8")


def run(inputs: dict[str, Any], **changed: Any) -> StageOutput:
    arguments = {**inputs, **changed}
    output: StageOutput = arguments.pop("store").run(render_report, **arguments)
    return output


class Elements(HTMLParser):
    """Tags and attributes of a page, and whether every element that was opened is closed."""

    VOID = ("meta", "img", "br", "line", "rect")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_page_is_well_formed_and_every_link_leads_somewhere(page: str) -> None:
    elements = Elements(page)
    assert elements.open == []
    ids = {attributes["id"] for _, attributes in elements.seen if "id" in attributes}
    links = {attributes["href"] for tag, attributes in elements.seen if tag == "a"}
    assert links == {f"#{name}" for name in ids}


def test_data_cannot_put_markup_into_the_page(page: str) -> None:
    assert "script" not in {tag for tag, _ in Elements(page).seen}
    assert page.count("&lt;script&gt;") >= 3


def test_data_cannot_put_markup_into_the_summary(report: StageOutput) -> None:
    assert "<script" not in report.file("report.md").read_text("utf-8")


def test_page_loads_nothing(page: str) -> None:
    elements = Elements(page).seen
    sources = [attributes["src"] or "" for _, attributes in elements if "src" in attributes]
    assert len(sources) == 2
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert not {"link", "iframe", "object", "script"} & {tag for tag, _ in elements}
    assert not re.search(r"https?://|@import|url\(", page)
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


def test_pictures_have_alternative_texts(page: str) -> None:
    assert all(attributes.get("alt") for tag, attributes in Elements(page).seen if tag == "img")


def test_headline_is_the_decisions_score(page: str, inputs: dict[str, Any]) -> None:
    metrics = inputs["evaluations"][2].read_json("metrics.json")["test"]
    assert f"“night” scores {metrics['f1_weighted']:.3f} weighted F1" in page
    assert f"95 % interval {metrics['interval'][0]:.3f}–{metrics['interval'][1]:.3f}" in page


def test_page_says_what_the_run_was_made_of(page: str) -> None:
    for text in (
        "label_unknown",
        "1 of 59 records quarantined",
        "nothing is odd",
        "weighted vote of dnn+conv1d+Xception",
        "3 not seen",
        "num_words = 100",
        "rakuten retrain --dump DIR --plan night",
        "train-v1-dnn",
        "12.0 kB",
    ):
        assert text in page


def test_report_is_the_same_bytes_each_time(inputs: dict[str, Any], report: StageOutput, tmp_path: Path) -> None:
    arguments = {name: value for name, value in inputs.items() if name != "store"}
    render_report.function(tmp_path, **arguments)
    for name in ("report.html", "report.md"):
        assert (tmp_path / name).read_bytes() == report.file(name).read_bytes()


def test_a_single_model_may_decide_without_a_vote(inputs: dict[str, Any]) -> None:
    output = run(inputs, evaluations=inputs["evaluations"][:1], votes=(), decision="text_dnn", dump_name="")
    page = output.file("report.html").read_text("utf-8")
    assert 'id="fusion"' not in page
    assert "1.000" in page
    assert "No class was taken for another" in page


def test_a_decision_that_was_not_scored_is_refused(inputs: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="decision 'max vote' has no evaluation"):
        run(inputs, decision="max vote")


def test_summary_has_the_scores_and_the_worst_confusions(inputs: dict[str, Any]) -> None:
    output = run(inputs, decision="image_small_cnn")
    summary = output.file("report.md").read_text("utf-8")
    rows = [line for line in summary.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 3
    assert all(line.count("|") == 8 for line in rows)
    assert "**image_small_cnn**" in summary
    assert "- 10 adult books is taken for 40 imported video games in 100 % of cases (4)" in summary


def test_score_table_has_plain_rows(inputs: dict[str, Any]) -> None:
    table = score_table(inputs["evaluations"], inputs["plan"])
    assert json.loads(json.dumps(table)) == table
    assert [row["model"] for row in table] == ["text_dnn", "image_small_cnn", "weighted vote"]
    assert [row["report"] for row in table] == [0.81, None, 0.84]
    assert table[0]["f1_weighted"] == 1.0
    assert table[0]["interval"] == "1.000–1.000"
    assert table[0]["seconds"] == 12.5
    assert table[0]["memory_mib"] == 191


def test_leaderboard_has_every_row_the_best_first(inputs: dict[str, Any]) -> None:
    board = pd.read_parquet(run(inputs).file("leaderboard.parquet"))
    assert set(board["model"]) == {"text_dnn", "image_small_cnn", "weighted vote"}
    assert board["f1_weighted"].is_monotonic_decreasing
