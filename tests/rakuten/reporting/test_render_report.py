"""The report of a small run: what it says, that it is one file, and that data cannot take it over."""

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import hostile
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from PIL import Image

from rakuten.catalogue.classes import CODES
from rakuten.data.named_dump import ValidatedDump
from rakuten.errors import InputError
from rakuten.evaluation.compare_models import compare_models
from rakuten.evaluation.evaluate import evaluate
from rakuten.evaluation.label_errors import find_label_errors
from rakuten.fusion.scored_models import ScoredModels
from rakuten.fusion.stages import decide, fuse
from rakuten.outputs import StageOutput
from rakuten.outputs.stage_output import Manifest
from rakuten.pages.page import SPACES
from rakuten.printable import printable
from rakuten.recipes import Plan, load_recipe
from rakuten.reporting.scores import score_table
from rakuten.reporting.stages import ReportedRun, render_report
from rakuten.runs.run_outputs import FindingOutputs

HOSTILE = "<script>alert('x')</script>"


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
    fused = hand_made.store.run(
        fuse,
        members=(dnn, cnn),
        names=("text_dnn", "image_small_cnn"),
        modalities=("text", "image"),
        split=split,
        method="weighted",
        calibrate=True,
    )
    decision = hand_made.store.run(decide, fusions=(fused,), split=split, decision="auto")
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
    evaluations = tuple(
        hand_made.store.run(evaluate, scored=output, split=split, name=name) for name, output in named.items()
    )
    return {
        "hand_made": hand_made,
        "evaluations": evaluations,
        "findings": findings(hand_made, evaluations, decision, split),
        "previous": None,
        "fusions": (fused,),
        "decision": decision,
        "plan": Plan(name="night", recipes=(load_recipe("text_dnn"), load_recipe("image_small_cnn"))),
        "snapshots": (
            hand_made.output(
                "snapshot-v1-0", {"files.parquet": pd.DataFrame({"name": ["a"], "size": [12_000]})}, generated=False
            ),
        ),
        "validations": (
            hand_made.output(
                "validation-v1-0",
                {
                    "verdict.json": json.dumps({"ok": True, "summary": ["1 of 59 records quarantined"]}),
                    "quarantine.parquet": pd.DataFrame([quarantine]),
                    "expectations.parquet": pd.DataFrame([expectation]).astype({"failing_rows": "Int64"}),
                },
            ),
        ),
        "clean": hand_made.output(
            "clean_products-v1-0",
            {"train.parquet": pd.DataFrame({"description": ["", "x"], "image_digest": ["d", None]})},
        ),
        "split": split,
        "command": "rakuten retrain --dump DIR --plan night",
        "dump_names": (HOSTILE,),
        "validation_pages": (hand_made.output("render_validation-v1-0", {"validation.html": ""}),),
        "is_study": False,
    }


def findings(
    hand_made: Any, evaluations: tuple[StageOutput, ...], fused: StageOutput, split: StageOutput
) -> dict[str, StageOutput | None]:
    slices = [
        {"group": "all", "slice": "all test products", "rows": 30, "share": 1.0, "accuracy": 0.9, "f1_weighted": 0.9},
        {"group": "image", "slice": "no usable image", "rows": 0, "share": 0.0},
    ]
    example = {"title": HOSTILE, "prdtypecode": 10, "image_digest": "d", "note": 0.9, "productid": 55}
    sections = {"confusions": "10 40", "label errors": "10 40", "near-twins": "text", "duplicates": "image"}
    examples = [
        {"section": section, "group": 0, "caption": caption, **example, "productid": 50 + place}
        for place in range(2)
        for section, caption in sections.items()
    ]
    examples[-1]["image_digest"] = None
    small = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(small, "WEBP")
    same = {"duplicates": 4, "conflicting": 2}
    return {
        "differences": hand_made.store.run(compare_models, evaluations=evaluations, decided=evaluations[2]),
        "slices": hand_made.output(
            "score_slices-v1-0",
            {"slices.parquet": pd.DataFrame(slices).assign(low=0.8, high=0.95)},
            all=0.9,
            without_twins=0.8764,
        ),
        "near_twins": hand_made.output("find_near_twins-v1-0", {}, test_rows=30, by_text=2, by_image=1, any=3),
        "label_errors": hand_made.store.run(find_label_errors, scored=fused, split=split),
        "duplicates": hand_made.output("find_duplicates-v1-0", {}, title=same, text=same, image=same),
        "examples": hand_made.output("pick_examples-v1-0", {"examples.parquet": pd.DataFrame(examples)}),
        "thumbnails": hand_made.output(
            "cut_thumbnails-v1-0",
            {"thumbnails.parquet": pd.DataFrame({"digest": ["d"], "webp": [small.getvalue()]})},
        ),
    }


def decided_by(inputs: dict[str, Any], name: str) -> StageOutput:
    """A decision for another row than the vote."""
    decision = inputs["decision"].read_json("decision.json") | {"name": name}
    key = f"decide-v1-{name.replace(' ', '_')}"
    made = inputs["hand_made"]
    return made.store.find(key) or made.output(key, {"decision.json": json.dumps(decision)})


@pytest.fixture(scope="module")
def report(inputs: dict[str, Any]) -> StageOutput:
    return run(inputs)


@pytest.fixture(scope="module")
def page(report: StageOutput) -> str:
    return report.file("report.html").read_text("utf-8")


def run(inputs: dict[str, Any], **changed: Any) -> StageOutput:
    output: StageOutput = inputs["hand_made"].store.run(render_report, **arguments_of({**inputs, **changed}))
    return output


def arguments_of(inputs: dict[str, Any]) -> dict[str, Any]:
    """The stage's own arguments."""
    of_dumps = ("dump_names", "snapshots", "validations", "validation_pages")
    return {
        "run": ReportedRun(inputs["plan"], inputs["command"], inputs["is_study"]),
        "dumps": tuple(ValidatedDump(*values) for values in zip(*(inputs[name] for name in of_dumps), strict=True)),
        "clean": inputs["clean"],
        "split": inputs["split"],
        "scored": ScoredModels(inputs["evaluations"], inputs["fusions"], inputs["decision"]),
        "findings": FindingOutputs(**inputs["findings"]),
        "previous": inputs["previous"],
    }


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
    pages = {"costs.html", "../render_validation-v1-0/validation.html"}
    assert links == {f"#{name}" for name in ids} | pages


@pytest.mark.parametrize("title", hostile.TITLES.values(), ids=hostile.TITLES)
def test_hostile_texts_are_text_in_page_and_summary(title: str, inputs: dict[str, Any]) -> None:
    made, number = inputs["hand_made"], list(hostile.TITLES.values()).index(title)

    def with_title(output: StageOutput, file: str, columns: list[str]) -> StageOutput:
        rows = pd.read_parquet(output.file(file))
        others = {path.name: path.read_text("utf-8") for path in output.folder.glob("*.json") if path.stem == "verdict"}
        more = {name: pd.read_parquet(output.file(name)) for name in output.manifest.files if name.endswith("parquet")}
        files = {**others, **more, file: rows.assign(**dict.fromkeys(columns, title))}
        key = f"{output.manifest.identity['stage']}-v3-{number}"
        return made.store.find(key) or made.output(key, files, **output.facts)

    (validation,) = inputs["validations"]
    report = run(
        inputs,
        dump_names=(title,),
        command=f"rakuten retrain --dump {title}",
        validations=(with_title(validation, "quarantine.parquet", ["detail"]),),
        findings={
            **inputs["findings"],
            "examples": with_title(inputs["findings"]["examples"], "examples.parquet", ["title"]),
            "slices": with_title(inputs["findings"]["slices"], "slices.parquet", ["slice"]),
        },
    )
    page = hostile.parse_page(report.file("report.html").read_text("utf-8"))
    hostile.parse_page(report.file("costs.html").read_text("utf-8"))
    shown = printable(title, keep=SPACES)
    assert {found.text for found in page.find_all(class_="title")} == {shown}
    assert page.find(string=shown)
    hostile.parse_markdown(report.file("report.md").read_text("utf-8"))


def test_page_loads_nothing(page: str) -> None:
    elements = Elements(page).seen
    sources = [attributes["src"] or "" for _, attributes in elements if "src" in attributes]
    # Confusions, one curve, three reliability diagrams; and 7 of 8 example products have an image.
    assert [sum(source.startswith(f"data:image/{kind};base64,") for source in sources) for kind in ("png", "webp")] == [
        5,
        7,
    ]
    assert len(sources) == 12
    assert not {"link", "iframe", "object", "script"} & {tag for tag, _ in elements}
    assert not re.search(r"https?://|@import|url\(", page)
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


def test_pictures_have_alternative_texts(page: str) -> None:
    pictures = [attributes for tag, attributes in Elements(page).seen if tag == "img"]
    assert all("alt" in attributes for attributes in pictures)
    # A thumbnail stands beside the product's title, which says it all.
    assert all(attributes["alt"] for attributes in pictures if "width" not in attributes)


def test_headline_is_the_decisions_score(page: str, inputs: dict[str, Any]) -> None:
    metrics = inputs["evaluations"][2].read_json("metrics.json")["test"]
    assert f"“night” scores {metrics['f1_weighted']:.3f} weighted F1" in page
    assert f"95 % interval {metrics['interval'][0]:.3f}–{metrics['interval'][1]:.3f}" in page


def test_page_says_what_the_run_was_made_of(page: str) -> None:
    for text in (
        "label_unknown",
        "1 of 59 records quarantined",
        "nothing is odd",
        "dnn on text",
        "3 not seen",
        "num_words = 20000",
        "rakuten retrain --dump DIR --plan night",
        "train-v1-dnn",
        "12.0 kB",
        "3 of 30 test products",
        "0.876 without them",
        "no usable image",
        'rather <span class="code">40</span> imported video games?',
    ):
        assert text in page


def test_report_is_the_same_bytes_each_time(inputs: dict[str, Any], report: StageOutput, tmp_path: Path) -> None:
    render_report.function(tmp_path, **arguments_of(inputs))
    for name in ("report.html", "report.md"):
        assert (tmp_path / name).read_bytes() == report.file(name).read_bytes()


def test_without_confusions_it_says_so(inputs: dict[str, Any]) -> None:
    output = run(inputs, decision=decided_by(inputs, "text_dnn"))
    page = output.file("report.html").read_text("utf-8")
    assert "1.000" in page
    assert "No class was taken for another" in page


def test_models_are_held_against_the_decision_in_words_that_the_interval_bears(page: str) -> None:
    row = page.split('<th scope="row">image_small_cnn')[1].split("</tr>")[0]
    assert "no difference shown" in row
    assert ">better<" not in page


def test_without_an_earlier_run_nothing_is_said_to_have_changed(page: str) -> None:
    assert 'id="changed"' not in page


def test_the_earlier_run_is_compared_on_common_test_products(inputs: dict[str, Any]) -> None:
    page = run(inputs, previous=inputs["evaluations"][1]).file("report.html").read_text("utf-8")
    assert Elements(page).open == []
    section = page.split('id="changed"')[1].split("</section>")[0]
    assert "on the 27 test products of both" in section
    assert "not compared: 3 new, 0 gone." in section
    assert inputs["evaluations"][1].key.rpartition("-")[2][:10] in section
    assert "no difference shown" in section


def test_an_earlier_run_without_common_test_products_is_named_and_not_compared(inputs: dict[str, Any]) -> None:
    hand_made = inputs["hand_made"]
    none = pd.DataFrame({"productid": [900], "prdtypecode": [10], "predicted": [10], "confidence": [0.9]})
    other = hand_made.output("evaluate-v2-x", {"predictions.parquet": none, "metrics.json": '{"name": "max vote"}'})
    page = run(inputs, previous=other).file("report.html").read_text("utf-8")
    assert "its max vote, evaluation <code>x</code>) has no test product in common" in page


def test_a_dump_without_images_has_examples_without_thumbnails(inputs: dict[str, Any]) -> None:
    page = run(inputs, findings={**inputs["findings"], "thumbnails": None}).file("report.html").read_text("utf-8")
    assert "data:image/webp" not in page
    assert page.count("no image</span>") == 8


def test_a_decision_that_was_not_scored_is_refused(inputs: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="decision 'max vote' has no evaluation"):
        run(inputs, decision=decided_by(inputs, "max vote"))


def test_it_says_how_the_models_are_fused_and_why(report: StageOutput) -> None:
    page = report.file("report.html").read_text("utf-8")
    assert "The weighted vote decides: it has the smallest cross-entropy" in page
    for case in ("image and text", "text alone", "image alone"):
        assert f"Weights for products with {case}" in page


def test_the_reference_stands_beside_the_same_model_and_no_other(inputs: dict[str, Any], page: str) -> None:
    assert '<td class="report"><span class="published">0.81</span> <small>dnn on text</small></td>' in page
    assert page.count('<td class="report">–</td>') == 2
    assert "vote of dnn" not in page
    assert "beside it the reference study" not in page
    own = run(inputs, decision=decided_by(inputs, "text_dnn")).file("report.html").read_text("utf-8")
    assert "<dt>Reference study</dt><dd>0.81 <small>dnn on text</small></dd>" in own
    assert "beside it the reference study’s dnn on text" in own


def of_snapshot(inputs: dict[str, Any], **facts: Any) -> StageOutput:
    """The report of the same run on a dump of which its snapshot says so."""
    made, key = inputs["hand_made"], f"snapshot-v1-{'_'.join(facts)}"
    files = pd.DataFrame({"name": ["a"], "size": [12_000]})
    snapshot = made.store.find(key) or made.output(key, {"files.parquet": files}, **facts)
    return run(inputs, snapshots=(snapshot,), dump_names=("monday",))


def test_a_generated_dump_is_named_in_the_headline_and_stands_beside_no_reference(inputs: dict[str, Any]) -> None:
    report = of_snapshot(inputs, generated=True)
    page = BeautifulSoup(report.file("report.html").read_text("utf-8"), "html.parser")
    assert page.h1 is not None
    assert "on generated data" in page.h1.text
    (note,) = page.find_all(class_="generated")
    assert note.text.startswith("Generated data. monday holds products made up by a program")
    assert "eference" not in page.get_text()
    summary = report.file("report.md").read_text("utf-8")
    assert summary.splitlines()[0].endswith("on generated data")
    assert "**Generated data**: monday" in summary
    assert "reference" not in summary
    assert report.facts["generated"] == ["monday"]
    assert "reference" not in pd.read_parquet(report.file("leaderboard.parquet"))


def test_a_dump_of_real_products_is_not_called_generated(page: str, report: StageOutput) -> None:
    assert "enerated data" not in page + report.file("report.md").read_text("utf-8")


def test_a_study_does_not_say_that_anything_decides(inputs: dict[str, Any]) -> None:
    report = run(inputs, is_study=True)
    for name in ("report.html", "report.md"):
        assert "decides" not in report.file(name).read_text("utf-8")


def test_classes_without_test_products_have_no_f1(inputs: dict[str, Any]) -> None:
    """The second model does not see products 20, 21 and 22, the only ones of their classes."""
    page = BeautifulSoup(run(inputs).file("report.html").read_text("utf-8"), "html.parser")
    (table,) = [
        table
        for table in page.find_all("table")
        if "image_small_cnn" in table.thead.text and table.thead.th.text == "Class"
    ]
    shown = {row.th.span.text: [cell.text for cell in row.find_all("td")][:3] for row in table.tbody.find_all("tr")}
    assert shown[str(CODES[19])][1] == "–"
    assert "–" not in {shown[str(CODES[19])][0], shown[str(CODES[19])][2]}


def test_only_the_costs_differ_where_the_same_outputs_took_another_time(
    inputs: dict[str, Any], report: StageOutput, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slower(output: StageOutput) -> Manifest:
        manifest = Manifest.model_validate_json((output.folder / "manifest.json").read_bytes())
        times = {"seconds": 99.0, "peak_memory": 7, "started": "2031-01-01T00:00:00+00:00", "host": "elsewhere"}
        return manifest.model_copy(update=times)

    monkeypatch.setattr(StageOutput, "manifest", property(slower))
    render_report.function(tmp_path, **arguments_of(inputs))
    same = {name: (tmp_path / name).read_bytes() == report.file(name).read_bytes() for name in report.manifest.files}
    assert [name for name, is_same in same.items() if not is_same] == ["costs.html", "costs.parquet"]


def test_the_leaderboard_has_a_bar_for_each_row(inputs: dict[str, Any], report: StageOutput) -> None:
    page = report.file("report.html").read_text("utf-8")
    chart = page[page.index('<ol class="leaderboard">') : page.index("</ol>")]
    assert chart.count("<li") == len(inputs["evaluations"])
    assert chart.index("text_dnn") < chart.index("image_small_cnn")
    assert 'class="mark" style="left: 81.00%"' in chart


def test_summary_has_the_scores_and_the_worst_confusions(inputs: dict[str, Any]) -> None:
    output = run(inputs, decision=decided_by(inputs, "image_small_cnn"))
    summary = output.file("report.md").read_text("utf-8")
    rows = [line for line in summary.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + 3
    assert all(line.count("|") == 8 for line in rows)
    assert "**image\\_small\\_cnn**" in summary
    assert "- 10 adult books is taken for 40 imported video games in 100 % of cases (4)" in summary


def test_summary_says_why_it_decides_what_changed_and_what_is_doubtful(inputs: dict[str, Any]) -> None:
    summary = run(inputs, previous=inputs["evaluations"][1]).file("report.md").read_text("utf-8")
    assert "It decides because it has the smallest cross-entropy" in summary
    assert "Since the last run that answered otherwise: no difference shown" in summary
    assert "- near-twins of train products: 3 of 30 test products; weighted F1 without them 0.876" in summary
    assert "- suspected label errors: 0 of 57 validation and test products" in summary


def test_score_table_has_plain_rows(inputs: dict[str, Any]) -> None:
    table = score_table(inputs["evaluations"], inputs["plan"], has_reference=True)
    assert json.loads(json.dumps(table)) == table
    assert [row["model"] for row in table] == ["text_dnn", "image_small_cnn", "weighted vote"]
    assert [row["reference"] for row in table] == [0.81, None, None]
    assert "reference" not in score_table(inputs["evaluations"], inputs["plan"])[0]
    best_first = score_table(inputs["evaluations"], inputs["plan"], best_first=True)
    assert [row["f1_weighted"] for row in best_first] == sorted((row["f1_weighted"] for row in table), reverse=True)
    assert table[0]["f1_weighted"] == 1.0
    assert table[0]["interval"] == "1.000–1.000"
    assert table[0]["seconds"] == 12.5
    assert table[0]["memory_mib"] == 191


def test_leaderboard_has_every_row_the_best_first(inputs: dict[str, Any]) -> None:
    board = pd.read_parquet(run(inputs).file("leaderboard.parquet"))
    assert set(board["model"]) == {"text_dnn", "image_small_cnn", "weighted vote"}
    assert board["f1_weighted"].is_monotonic_decreasing


def test_the_report_links_to_the_validation_page(inputs: dict[str, Any]) -> None:
    (rendered,) = inputs["validation_pages"]
    report = run(inputs)
    page = hostile.parse_page(report.file("report.html").read_text("utf-8"))
    (link,) = [link["href"] for link in page.find_all("a") if link.text == "validation page"]
    assert (report.folder / link).resolve() == rendered.file("validation.html").resolve()
