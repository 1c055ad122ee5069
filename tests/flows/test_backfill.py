"""Backfills through the command line: their plan, their table, again without effect, and a dump that fails."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from command_line import RAKUTEN, Rakuten
from small_plans import write_small_plan

from rakuten.demo.dump import write_demo_dump
from rakuten.outputs import OutputStore
from rakuten.runs.records import RunBook

pytestmark = pytest.mark.timeout(1800)


class Catalogue:
    """A catalogue of two dumps, the second of which repeats the first, and an outputs folder."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder = folder
        self.server = server
        self.outputs = folder / "outputs"
        self.plan = write_small_plan(folder / "tiny.toml", ["small_ngrams", "short_cnn"], fusion="weighted")
        self.texts = write_small_plan(folder / "texts.toml", ["small_ngrams"], fusion="weighted")
        for name, products in (("2026-11-09", 100), ("2026-11-10", 110)):
            dump = folder / "catalogue" / name
            write_demo_dump(dump, num_products=products, image_size=32, num_workers=1, broken_rows=False)
            (dump / "_SUCCESS").touch()

    def backfill(self, *arguments: str, plan: Path | None = None) -> "subprocess.CompletedProcess[str]":
        environment = {
            **os.environ,
            "RAKUTEN_OUTPUTS": str(self.outputs),
            "RAKUTEN_CATALOGUE": str(self.folder / "catalogue"),
            "PREFECT_API_URL": self.server,
        }
        command = [RAKUTEN, *self.arguments(*arguments, plan=plan)]
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)

    def arguments(self, *arguments: str, plan: Path | None = None) -> list[str]:
        return ["backfill", "--plan", str(plan or self.plan), *arguments]

    def variables(self) -> dict[str, Any]:
        """For commands in this process: those that `backfill` gives to a process of its own."""
        return {
            "outputs": self.outputs,
            "RAKUTEN_CATALOGUE": str(self.folder / "catalogue"),
            "PREFECT_API_URL": self.server,
        }

    def manifests(self) -> dict[str, dict[str, Any]]:
        paths = self.outputs.glob("*-v*/manifest.json")
        return {path.parent.name: json.loads(path.read_text("utf-8")) for path in paths}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> Catalogue:
    return Catalogue(tmp_path_factory.mktemp("backfill"), prefect_api)


def row_of(name: str, text: str) -> list[str]:
    """The last row of a table that begins with a name."""
    return [line.split() for line in text.splitlines() if line.startswith(name)][-1]


def test_a_backfill_shows_its_plan_does_it_once_and_ends_with_a_table(catalogue: Catalogue, rakuten: Rakuten) -> None:
    arguments = catalogue.arguments("--only", "features")
    planned = rakuten(*arguments, "--dry-run", **catalogue.variables())
    assert planned.exit_code == 0, planned.output
    first, second = row_of("2026-11-09", planned.stdout), row_of("2026-11-10", planned.stdout)
    # Columns: dump, stages, cached, images, new.
    assert int(first[4]) == int(first[3]) > 90
    assert 0 < int(second[4]) < 15
    # Reading a dump's digests is all that planning does.
    assert {key.partition("-")[0] for key in catalogue.manifests()} == {"record_snapshot"}

    done = catalogue.backfill("--only", "features")
    assert done.returncode == 0, done.stderr
    for name, products in (("2026-11-09", 110), ("2026-11-10", 121)):
        row = row_of(name, done.stderr)
        assert row[1] == "Completed"
        assert int(row[3]) == products
    made = catalogue.manifests()
    computed = sorted(
        manifest["facts"]["images_computed"] for key, manifest in made.items() if key.startswith("inspect_images")
    )
    assert computed[0] == int(second[4])

    again = rakuten(*arguments, **catalogue.variables())
    assert again.exit_code == 0, again.output
    assert "0 new images" in again.stdout
    assert catalogue.manifests() == made


@pytest.mark.slow
def test_a_dump_that_fails_leaves_the_others_be(catalogue: Catalogue) -> None:
    broken = catalogue.folder / "catalogue" / "2026-11-08"
    broken.mkdir()
    (broken / "X_train_update.csv").write_text(",designation,description,productid,imageid\n" + ",,,,\n" * 50, "utf-8")
    (broken / "_SUCCESS").touch()
    done = catalogue.backfill("--only", "features", "--at-once", "2")
    assert done.returncode == 1
    assert "rakuten: 1 of 3 dumps failed: 2026-11-08" in done.stderr
    assert row_of("2026-11-08", done.stderr)[1] == "Failed"
    assert "ContractError" in done.stderr
    assert row_of("2026-11-10", done.stderr)[1] == "Completed"


@pytest.mark.slow
def test_scores_are_those_of_an_earlier_runs_model_on_what_it_never_saw(catalogue: Catalogue) -> None:
    trained = catalogue.backfill("--to", "2026-11-09", "--from", "2026-11-09", plan=catalogue.texts)
    assert trained.returncode == 0, trained.stderr
    scored = catalogue.backfill("--only", "scores", "--first", "2026-11-09")
    assert scored.returncode == 0, scored.stderr
    records = {Path(record.parameters["dump"]).name: record for record in book(catalogue) if record.flow == "score"}
    (model,) = [record for record in book(catalogue) if record.flow == "retrain"]
    decided = next(row for row in model.scores if row["model"] == model.decision)
    (same,) = records["2026-11-09"].scores
    assert (same["rows"], same["f1_weighted"]) == (decided["rows"], decided["f1_weighted"])
    assert set(records) == {"2026-11-09", "2026-11-10"}
    assert "submission" in records["2026-11-10"].outputs


def book(catalogue: Catalogue) -> list[Any]:
    return RunBook(OutputStore(catalogue.outputs)).all()
