"""The image study over two small backbones with random weights on a generated dump.

Its stages run in this process, one training at a time: that children of their own do what they should is tested
elsewhere, and each would take ten seconds to import TensorFlow.
"""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from flows.cli.preflight import check_study_images
from flows.cli.run_views import record_lines
from flows.studies.images import study_images
from rakuten.demo.dump import write_demo_dump
from rakuten.errors import InputError, RecipeError, WeightsNotFoundError
from rakuten.outputs import OutputStore, StageOutput
from rakuten.runs.records import RunBook, RunRecord, Status

STUDY = """
keep = 1
patience = 5
final_epochs = 2
[head]
first_units = 8
second_units = 0
dropout = 0.2
[augmentation]
flip = "horizontal"
[selection]
batch_sizes = [16]
epochs = [1]
learning_rate = 1e-2
[augmented]
epochs = 1
learning_rate = 1e-3
[fine_tuning]
epochs = 1
learning_rate = 1e-5
[rates]
method = "batch"
steps = 100
[[candidates]]
name = "MobileNetV2"
alpha = 0.35
weights = "random"
input_sizes = [32]
unfrozen_layers = 3
[[candidates]]
name = "VGG16"
weights = "random"
input_sizes = [32]
unfrozen_layers = 1
"""
IMAGE_LIMIT = 150

# A study that went on after its test was given up would share Keras' seeds with the tests after it.
pytestmark = pytest.mark.timeout(900)


class Studied:
    """A study that was run over an outputs folder."""

    def __init__(self, folder: Path) -> None:
        self.dump = folder / "dump"
        self.plan = folder / "two.toml"
        self.store = OutputStore(folder / "outputs")
        write_demo_dump(self.dump, num_products=300, image_size=48, num_workers=1)
        self.plan.write_text(STUDY, "utf-8")

    def run(self) -> RunRecord:
        run = study_images(dump=str(self.dump), plan=str(self.plan), image_limit=IMAGE_LIMIT)
        return RunBook(self.store).find(run)

    def output(self, record: RunRecord, role: str) -> StageOutput:
        return RunBook(self.store).output(record, role)

    def made(self) -> dict[str, int]:
        return {path.parent.name: path.stat().st_mtime_ns for path in self.store.folder.glob("*-v*/manifest.json")}


@pytest.fixture(scope="module")
def studied(prefect_api: None, stages_in_process: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Settings hold for the whole module."""
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAKUTEN_OUTPUTS", str(folder / "outputs"))
        patch.setenv("RAKUTEN_CPU_SLOTS", "1")
        made = Studied(folder)
        made.record = made.run()  # type: ignore[attr-defined]
        yield made


def test_a_study_ends_with_a_table_a_step_beside_the_report(studied: Any) -> None:
    record: RunRecord = studied.record
    assert record.status is Status.COMPLETED
    tables = {
        step: pd.read_parquet(studied.output(record, f"step {step}").file("table.parquet"))
        for step in ("selection", "augmented", "fine_tuned", "rates", "final")
    }
    selection = tables["selection"]
    assert len(selection) == 2
    assert selection["validation_f1"].is_monotonic_decreasing
    winner = selection["model"].iloc[0]
    assert tables["rates"]["model"].tolist() == [winner]
    label = winner.partition("_32px")[0]
    for step in ("augmented", "fine_tuned", "final"):
        assert tables[step]["model"].tolist() == [f"{label}_{step}"]
    assert tables["final"]["learning_rate"].item() == pytest.approx(tables["rates"]["learning_rate"].item(), rel=0.06)
    assert tables["augmented"]["unfrozen_layers"].item() == "0"
    assert tables["fine_tuned"]["unfrozen_layers"].item() == ("1" if "vgg16" in winner else "3")


def test_photos_are_limited_to_the_same_sample_everywhere(studied: Any) -> None:
    made = [path.parent for path in studied.store.folder.glob("*-v*/manifest.json")]
    facts = {path.name: StageOutput(key=path.name, folder=path).facts for path in made}
    worked_on = [fact["images_computed"] for key, fact in facts.items() if key.startswith(("extract_", "resize_"))]
    assert worked_on == [IMAGE_LIMIT] * 3


def test_the_summary_stands_alone_and_holds_every_step(studied: Any) -> None:
    report = studied.output(studied.record, "report")
    page, text = (report.file(name).read_text("utf-8") for name in ("report.html", "report.md"))
    for title in ("Step 1", "Step 2", "Step 3", "Step 4", "Step 5"):
        assert title in page
        assert title in text
    assert "data:image/png;base64," in page
    assert "<script" not in page
    assert 'src="http' not in page
    assert "classes below 0.55" in text


def test_the_run_is_shown_with_what_went_on_after_step_1(studied: Any) -> None:
    lines = "\n".join(record_lines(studied.store, studied.record.run))
    assert "report.html" in lines
    assert len(studied.record.scores) == 4
    best = max(studied.record.scores, key=lambda row: row["validation_f1"])
    assert studied.record.decision == best["model"]
    assert "decides" not in lines


def test_the_same_study_again_computes_nothing(studied: Any) -> None:
    before = studied.made()
    again = studied.run()
    assert studied.made() == before
    assert again.scores == studied.record.scores
    assert again.outputs == studied.record.outputs


def test_a_dump_without_photos_is_refused(studied: Any, tmp_path: Path) -> None:
    write_demo_dump(tmp_path / "bare", num_products=60, num_images=0)
    with pytest.raises(InputError, match="has no images, and an image study learns from"):
        study_images(dump=str(tmp_path / "bare"), plan=str(studied.plan))


def test_what_cannot_be_studied_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAKUTEN_WEIGHTS", str(tmp_path))
    dump = tmp_path / "dump"
    write_demo_dump(dump, num_products=10, num_images=0)
    with pytest.raises(RecipeError, match="no image study plan 'nonsense'"):
        check_study_images(str(dump), "nonsense", ())
    with pytest.raises(RecipeError, match="no backbone 'alexnet'"):
        check_study_images(str(dump), "image_study", ("AlexNet",))
    with pytest.raises(WeightsNotFoundError, match=r"no weights for Xception: expected xception_\w+\.h5 \(MD5 "):
        check_study_images(str(dump), "image_study", ("Xception",))
