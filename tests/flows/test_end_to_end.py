"""The whole job: once, again, interrupted, on a grown dump, predicted.

One generated dump, a plan of two small text models and a small CNN. The uninterrupted run is the reference for all.
Commands run in processes of their own where that is what is tested; other flows run in this one.
"""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from grown_dumps import grow
from small_plans import RECIPES, write_small_plan

from flows.cli.run_views import plan_lines
from flows.features import features
from flows.predict import predict_products
from flows.retrain import retrain
from rakuten.demo.dump import write_demo_dump
from rakuten.fusion.stages import METHOD_NAMES
from rakuten.outputs import OutputStore
from rakuten.outputs.stage_output import MANIFEST, SCRATCH
from rakuten.outputs.store import ATTEMPTS, PARTIAL
from rakuten.runs.records import RunBook, RunRecord, Status

RAKUTEN = str(Path(sys.executable).with_name("rakuten"))
pytestmark = pytest.mark.timeout(600)


class Workplace:
    """A folder with a dump and a plan, and the command line run over an outputs folder of it."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder = folder
        self.server = server
        self.dump = folder / "dump"
        self.plan = folder / "tiny.toml"

    def environment(self, outputs: str) -> dict[str, str]:
        return {**os.environ, "RAKUTEN_OUTPUTS": str(self.folder / outputs), "PREFECT_API_URL": self.server}

    def enter(self, monkeypatch: pytest.MonkeyPatch, outputs: str = "outputs") -> None:
        """Have the flows of this process use an outputs folder."""
        monkeypatch.setenv("RAKUTEN_OUTPUTS", str(self.folder / outputs))

    @property
    def first(self) -> RunRecord:
        """The uninterrupted run of all models."""
        return [record for record in self.book().all() if record.flow == "retrain"][-1]

    def book(self, outputs: str = "outputs") -> RunBook:
        return RunBook(OutputStore(self.folder / outputs))

    def copy_outputs(self, target: str, *without: str) -> None:
        """Link outputs of stages into another outputs folder, but for those of which a pattern gives the name."""
        (self.folder / target).mkdir()
        for path in (self.folder / "outputs").glob("*-v*"):
            if not any(path.match(pattern) for pattern in without):
                shutil.copytree(path, self.folder / target / path.name, copy_function=os.link)

    def rakuten(self, *arguments: str, outputs: str = "outputs") -> str:
        done = subprocess.run(
            [RAKUTEN, *arguments], capture_output=True, text=True, env=self.environment(outputs), check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def retrain(self, *arguments: str, outputs: str = "outputs", dump: Path | None = None) -> str:
        chosen = ["--dump", str(dump or self.dump), "--plan", str(self.plan)]
        return self.rakuten("retrain", *chosen, *arguments, outputs=outputs)

    def retrain_until(self, sign: Callable[[Path], bool], *, outputs: str) -> None:
        """Start a retraining and kill its whole process group with SIGKILL as soon as a sign is seen."""
        process = subprocess.Popen(
            [RAKUTEN, "retrain", "--dump", str(self.dump), "--plan", str(self.plan)],
            env=self.environment(outputs),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while not sign(self.folder / outputs):
            assert process.poll() is None, "the run ended before it could be killed"
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def manifests(self, outputs: str = "outputs") -> dict[str, dict[str, Any]]:
        paths = (path for path in (self.folder / outputs).glob("*-v*/manifest.json") if path.parent.suffix != PARTIAL)
        return {path.parent.name: json.loads(path.read_text("utf-8")) for path in paths}


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Workplace:
    """A workplace whose dump was retrained on once."""
    made = Workplace(tmp_path_factory.mktemp("workplace"), prefect_api)
    write_demo_dump(made.dump, num_products=400, image_size=64, num_workers=1)
    write_small_plan(made.plan)
    made.first_run = made.retrain()  # type: ignore[attr-defined]
    return made


def digests(workplace: Workplace, outputs: str) -> dict[str, str]:
    """Digests of all files of all stages, but for what they took, which differs from run to run."""
    return {
        f"{key}/{name}": record["sha256"]
        for key, manifest in workplace.manifests(outputs).items()
        for name, record in manifest["files"].items()
        if name not in ("costs.html", "costs.parquet")
    }


def test_a_run_ends_with_the_scores_of_each_model_and_fusion(workplace: Workplace) -> None:
    record = workplace.first
    assert record.status is Status.COMPLETED
    assert [row["model"] for row in record.scores] == [*RECIPES, *METHOD_NAMES.values()]
    assert record.decision in METHOD_NAMES.values()
    shown: str = workplace.first_run  # type: ignore[attr-defined]
    for name in (*RECIPES, "weighted vote", "stacking", "report.html", "quarantine.csv", "validation.html"):
        assert name in shown
    ngrams = record.scores[0]
    assert ngrams["f1_weighted"] > 0.3


def test_the_report_stands_alone(workplace: Workplace) -> None:
    record = workplace.first
    page = (workplace.folder / "outputs" / record.outputs["report"] / "report.html").read_text("utf-8")
    for name in RECIPES:
        assert name in page
    assert "<script" not in page
    assert 'src="http' not in page


def test_runs_and_show_tell_of_the_run(workplace: Workplace) -> None:
    record = workplace.first
    assert record.run in workplace.rakuten("runs")
    shown = workplace.rakuten("show", record.run)
    assert f"{record.decision} decides" in shown
    assert "GENERATED DATA (dump)" in shown


def test_the_same_command_again_runs_no_stage_body(workplace: Workplace) -> None:
    before = workplace.manifests()
    workplace.retrain()
    assert workplace.manifests() == before
    planned = workplace.rakuten("plan", "--dump", str(workplace.dump), "--plan", str(workplace.plan))
    assert "0 of" in planned
    assert "are cached" in planned


def test_a_run_killed_in_the_image_stage_and_in_a_training_ends_as_if_it_never_was(workplace: Workplace) -> None:
    def inspecting(outputs: Path) -> bool:
        return any(outputs.glob("pools/inspect_images-*/*"))

    def training(outputs: Path) -> bool:
        # Of the two models the network takes longer.
        return any(outputs.glob("train_model-*.partial/scratch/attempts.json")) and any(
            path.suffix != PARTIAL for path in outputs.glob("train_model-*")
        )

    of_images = ("inspect_images-*", "resize_images-*", "train_*", "fuse-*", "decide-*", "evaluate-*")
    workplace.copy_outputs("killed", *of_images, "render_report-*", "package_model-*")
    workplace.retrain_until(inspecting, outputs="killed")
    workplace.retrain_until(training, outputs="killed")
    finished = workplace.manifests("killed")
    interrupted = [
        path.parents[1].stem
        for path in (workplace.folder / "killed").glob(f"*{PARTIAL}/{SCRATCH}/{ATTEMPTS}")
        if not (path.parents[1] / MANIFEST).exists()
    ]
    book = workplace.book("killed")
    assert [book.status(record) for record in book.all()] == [Status.INTERRUPTED] * 2
    workplace.retrain(outputs="killed")
    assert digests(workplace, "killed") == digests(workplace, "outputs")
    assert finished.items() <= workplace.manifests("killed").items(), "finished work was done again"
    attempts = {key: manifest["attempts"] for key, manifest in workplace.manifests("killed").items()}
    assert all(attempts[key] > 1 for key in interrupted)
    assert all(attempts[key] == manifest["attempts"] for key, manifest in finished.items())


@pytest.fixture(scope="module")
def grown(workplace: Workplace) -> Path:
    """The dump with a hundred new products."""
    return grow(workplace.dump, workplace.folder / "grown", 100)


def test_a_hundred_new_products_make_work_for_a_hundred_images(
    workplace: Workplace, grown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace.enter(monkeypatch)
    lines = {line.split()[0]: line for line in plan_lines([str(grown)], str(workplace.plan), "both") if line}
    assert "100 of " in lines["inspect_images"]
    assert "100 of " in lines["resize_images"]
    features(dump=str(grown), plan=str(workplace.plan))
    facts = [manifest["facts"] for key, manifest in workplace.manifests().items() if key.startswith("inspect_images")]
    assert sorted(fact["images_computed"] for fact in facts)[0] == 100


def test_two_runs_are_compared_on_the_test_products_of_both(
    workplace: Workplace, grown: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace.enter(monkeypatch)
    texts = write_small_plan(workplace.folder / "texts.toml", ["small_ngrams"], fusion="single")
    first, second = workplace.first, retrain(dump=str(grown), plan=str(texts))
    said = workplace.rakuten("compare", first.run, second)
    assert f"first   {first.run}, {first.decision}" in said
    assert "0 are only the first's" in said
    assert "McNemar" in said
    assert Path(said.split("which: ")[1].split()[0]).is_file()
    before = workplace.manifests()
    assert workplace.rakuten("compare", first.run, second) == said
    assert workplace.manifests() == before


def test_several_dumps_are_planned_as_one_run(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    workplace.enter(monkeypatch)
    more = workplace.folder / "more"
    write_demo_dump(more, num_products=60, num_images=0, seed=1, num_workers=1)
    planned = plan_lines([str(workplace.dump), str(more)], str(workplace.plan), "both")
    states = [(words[0], words[1]) for words in map(str.split, planned) if words]
    assert states.count(("read_products", "cached")) == 1
    assert states.count(("read_products", "run")) == 1
    assert ("merge_products", "run") in states
    # The second dump has no photos, so there is nothing to join.
    assert ("inspect_images", "cached") in states
    assert "join_images" not in dict(states)


def test_a_copied_package_predicts_as_its_run_does(workplace: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = workplace.folder / "copied package"
    shutil.copytree(workplace.folder / "outputs" / workplace.first.outputs["package"], copied)
    # Without the run, its models and what they predicted.
    workplace.copy_outputs(
        "elsewhere", "train_*", "refit_*", "fuse-*", "package_model-*", "classify_*", "write_submission-*"
    )
    targets = [workplace.folder / name for name in ("of_run.csv", "of_copy.csv")]
    for target, model, outputs in zip(targets, (workplace.first.run, copied), ("outputs", "elsewhere"), strict=True):
        workplace.enter(monkeypatch, outputs)
        predict_products(dump=str(workplace.dump), output=str(target), model=str(model))
    assert targets[0].read_bytes() == targets[1].read_bytes()


def test_predictions_come_for_every_row_in_order(workplace: Workplace) -> None:
    target = workplace.folder / "submission.csv"
    chosen = ["--dump", str(workplace.dump), "--model", workplace.first.run]
    workplace.rakuten("predict", *chosen, "--output", str(target))
    with (workplace.dump / "X_test_update.csv").open(newline="", encoding="utf-8") as stream:
        expected = [row[""] for row in csv.DictReader(stream)]
    with target.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["", "prdtypecode"]
    assert [row[""] for row in rows] == expected
    probabilities = pd.read_parquet(target.with_suffix(".probabilities.parquet"))
    assert len(probabilities) == len(expected)
    assert np.allclose(probabilities.drop(columns="productid").sum(axis=1), 1, atol=1e-3)


def test_a_dump_without_images_is_classified_by_its_texts(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace.enter(monkeypatch)
    bare = workplace.folder / "bare"
    bare.mkdir()
    shutil.copy(workplace.dump / "X_test_update.csv", bare)
    target = workplace.folder / "bare.csv"
    predict_products(dump=str(bare), output=str(target), model=workplace.first.run)
    assert len(target.read_text("utf-8").splitlines()) == len(pd.read_csv(bare / "X_test_update.csv")) + 1


def test_validate_tells_what_was_quarantined(workplace: Workplace) -> None:
    said = workplace.rakuten("validate", "--dump", str(workplace.dump))
    assert "quarantine" in said
    assert Path(said.split("page  ")[1].split()[0]).is_file()
