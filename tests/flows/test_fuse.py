"""The fuse flow: models of two small runs on one dump, fused without training anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_plans import write_small_plan

from flows.cli.preflight import check_fuse
from flows.fuse import compose, fuse
from flows.predict import predict_products
from flows.retrain import retrain
from rakuten.demo.dump import write_demo_dump
from rakuten.errors import InputError
from rakuten.outputs import OutputStore
from rakuten.prediction.chosen_models import choose_models
from rakuten.runs.planning import planning
from rakuten.runs.records import RunBook

pytestmark = [pytest.mark.timeout(600), pytest.mark.usefixtures("runs")]

RECIPES = ("small_ngrams", "other_ngrams")


class Runs:
    """An outputs folder with one run a recipe, and one on another dump."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dump, other = folder / "monday", folder / "tuesday"
        write_demo_dump(self.dump, num_products=300, num_images=0)
        write_demo_dump(other, num_products=300, num_images=0, seed=1)
        plan = write_small_plan(folder / "first.toml", ["small_ngrams"], "single")
        recipe = (folder / "small_ngrams.toml").read_text("utf-8").replace("small_ngrams", "other_ngrams")
        (folder / "other_ngrams.toml").write_text(recipe.replace("max_terms = 5000", "max_terms = 500"), "utf-8")
        second = folder / "second.toml"
        second.write_text(plan.read_text("utf-8").replace("small_ngrams", "other_ngrams"), "utf-8")
        self.first, self.second = (retrain(dump=str(self.dump), plan=str(path)) for path in (plan, second))
        self.elsewhere = retrain(dump=str(other), plan=str(second))
        self.models = (f"{self.first}:small_ngrams", f"{self.second}:other_ngrams")
        self.plan = folder / "average.toml"
        self.plan.write_text('recipes = ["text_dnn"]\n[fusion]\nmethods = ["average", "max"]\n', "utf-8")
        self.store = OutputStore(folder / "outputs")
        self.book = RunBook(self.store)


@pytest.fixture(scope="module")
def runs(prefect_api: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("fused")
        patch.setenv("RAKUTEN_OUTPUTS", str(folder / "outputs"))
        yield Runs(folder)


def test_a_fusion_is_composed_of_what_the_runs_have_made(runs: Runs) -> None:
    chosen = choose_models(runs.book, runs.models)
    with planning(runs.store) as planner:
        compose(chosen, "rakuten fuse")
    expected = {(each.stage, each.label): each.cached for each in planner.expectations}
    assert not [stage for stage, _ in expected if stage.startswith(("train", "refit", "clean", "accept", "split"))]
    assert expected["evaluate", "small_ngrams"]
    assert expected["evaluate", "other_ngrams"]
    assert not expected["fuse", "single"]
    assert not expected["package_model", ""]


def test_fused_models_are_scored_reported_packed_and_predict(runs: Runs) -> None:
    trained = set(runs.store.folder.glob("train*"))
    record = runs.book.find(fuse(models=runs.models, plan=str(runs.plan)))
    made = runs.book.outputs(record)
    assert set(made.models) == set(RECIPES)
    assert set(made.fusions) == {"average vote", "max vote"}
    assert set(made.evaluations) == {*RECIPES, "average vote", "max vote"}
    assert {row["model"] for row in record.scores} == set(made.evaluations)
    assert set(runs.store.folder.glob("train*")) == trained
    report = runs.book.output(record, "report").file("report.html").read_text("utf-8")
    assert f"rakuten fuse --model {runs.models[0]}" in report
    assert predict_products(dump=str(runs.dump), output=str(runs.folder / "said.csv"), model=record.run) == 30


def test_models_of_runs_on_other_products_are_refused_before_anything_runs(runs: Runs) -> None:
    check_fuse(runs.models, None)
    with pytest.raises(InputError, match=f"runs {runs.first} and {runs.elsewhere} cannot be fused"):
        check_fuse((runs.models[0], f"{runs.elsewhere}:other_ngrams"), None)
