"""Two real runs at the gate: a first champion, a challenger on a grown dump, repeats, refusal, rollback, force."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from prefect.client.orchestration import get_client
from small_plans import PROJECT_RECIPES

from flows.cli.preflight import check_predict, check_promote
from flows.cli.run_views import champion_lines, decision_lines, drift_lines
from flows.drift import drift
from flows.nightly import nightly
from flows.predict import predict_products
from flows.promote import promote
from flows.retrain import retrain
from rakuten.demo.dump import write_demo_dump
from rakuten.dumps.generated_marker import MARKER
from rakuten.errors import InputError, RunNotFoundError
from rakuten.outputs import OutputStore
from rakuten.promotion.champions import ChampionBook
from rakuten.promotion.decisions import Outcome
from rakuten.promotion.floor import MAJORITY, MEMBERS, ORIGIN, TEST_PRODUCTS
from rakuten.promotion.gate import CALIBRATION, CONTRACTS, LEAD, LEAD_ON_NEWEST, REHEARSAL
from rakuten.promotion.registry import Registry
from rakuten.runs.records import RunBook
from tasks.drift import drift_of
from tasks.observability.events import DRIFT, MODEL_PROMOTED, MODEL_REFUSED

pytestmark = pytest.mark.timeout(600)


class Runs:
    """An outputs folder with a weak run on a dump and a better one on the dump that followed it."""

    def __init__(self, folder: Path) -> None:
        self.outputs = folder / "outputs"
        self.dump = folder / "today"
        write_demo_dump(self.dump, num_products=900, num_images=0)
        # These stand for products of a catalogue.
        (self.dump / MARKER).unlink()
        yesterday = part_of(self.dump, folder / "yesterday", 700)
        self.weak = retrain(dump=str(yesterday), plan=plan(folder / "weak.toml", terms=40))
        self.better = retrain(dump=str(self.dump), plan=plan(folder / "better.toml", terms=5000))
        self.book = ChampionBook(self.outputs)
        self.store = OutputStore(self.outputs)

    @property
    def champion(self) -> str:
        return self.book.champion().candidate.run


def plan(path: Path, terms: int) -> str:
    """A plan file with one n-gram model of so many terms."""
    recipe = (PROJECT_RECIPES / "text_ngrams.toml").read_text("utf-8")
    name = path.stem
    lines = [line for line in recipe.splitlines() if not line.startswith(("#", "name = ", "max_terms = "))]
    changed = [f'name = "{name}_ngrams"', f"max_terms = {terms}", *lines]
    (path.parent / f"{name}_ngrams.toml").write_text("\n".join(changed) + "\n", "utf-8")
    path.write_text(f'recipes = ["./{name}_ngrams.toml"]\n[fusion]\nmethods = ["single"]\n', "utf-8")
    return str(path)


def part_of(dump: Path, target: Path, products: int) -> Path:
    """A dump of the first labelled products of another."""
    target.mkdir()
    for name in ("X_train_update.csv", "y_train_CVw08PX.csv"):
        pd.read_csv(dump / name, index_col=0).iloc[:products].to_csv(target / name)
    return target


def events(name: str) -> list[dict[str, Any]]:
    """Events of a name that the server has recorded; it takes a moment to record one."""
    wanted = {"filter": {"event": {"name": [name]}, "occurred": {"since": "2020-01-01T00:00:00Z"}}, "limit": 50}
    deadline, found = time.monotonic() + 20, []
    with get_client(sync_client=True) as client:
        while not found and time.monotonic() < deadline:
            time.sleep(0.5)
            found = client.request("POST", "/events/filter", json=wanted).json()["events"]
    return found


@pytest.fixture(scope="module")
def runs(prefect_api: None, stages_in_process: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("promotion")
        patch.setenv("RAKUTEN_OUTPUTS", str(folder / "outputs"))
        yield Runs(folder)


def test_a_first_champion_of_few_test_products_waits_for_a_person(runs: Runs) -> None:
    words = promote()
    assert words.startswith(f"{runs.better} refused: not the first champion by itself")
    assert f"`rakuten promote {runs.better}`" in words
    assert TEST_PRODUCTS in words
    assert runs.book.read().champion is None
    names = [check.name for check in runs.book.decisions()[-1].checks]
    assert {TEST_PRODUCTS, MAJORITY, MEMBERS, CALIBRATION, REHEARSAL, CONTRACTS, ORIGIN} <= set(names)
    assert promote() == words, "it is judged once"


def test_a_person_names_the_first_champion(runs: Runs) -> None:
    words = promote(run=runs.weak)
    assert words.startswith(f"{runs.weak} promoted: the first champion, named by a person although a check fails")
    assert runs.champion == runs.weak
    assert Registry(runs.outputs).is_up_to_date()


def test_who_is_champion_already_is_not_tested_again(runs: Runs) -> None:
    assert f"{runs.weak} unchanged" in promote(run=runs.weak)
    assert len(runs.book.decisions()) == 2


def test_a_challenger_that_leads_on_both_dumps_is_promoted(runs: Runs) -> None:
    promote()
    assert runs.champion == runs.better
    decision = runs.book.champion().decision
    checks = {check.name: check for check in decision.checks}
    assert all(check.passed for check in checks.values())
    assert {LEAD, LEAD_ON_NEWEST, REHEARSAL, CONTRACTS} <= checks.keys()
    assert checks[LEAD_ON_NEWEST].figures["rows"] > checks[LEAD].figures["rows"], "the newest dump has products more"
    assert checks[REHEARSAL].figures["differing"] == 0
    assert decision.judgement is not None
    assert runs.store.find(decision.judgement) is not None


def test_a_refusal_is_judged_once_however_often_it_is_asked_for(runs: Runs) -> None:
    first = promote(run=runs.weak)
    assert f"{runs.weak} refused over {runs.better}" in first
    recorded = runs.book.decisions()
    made = sorted(path.name for path in runs.outputs.glob("*-v*"))
    assert promote(run=runs.weak) == first
    assert runs.book.decisions() == recorded
    assert sorted(path.name for path in runs.outputs.glob("*-v*")) == made
    assert runs.champion == runs.better


def test_the_decision_and_its_reasons_are_seen_in_the_ui(runs: Runs) -> None:
    with get_client(sync_client=True) as client:
        artifacts = [found for found in client.read_artifacts() if found.key == "promotion"]
    assert any(f"{runs.better}: promoted" in str(found.data) for found in artifacts)
    assert any(LEAD in str(found.data) and "✗" in str(found.data) for found in artifacts)


def test_the_champion_predicts(runs: Runs, tmp_path: Path) -> None:
    check_predict(str(runs.dump), "champion", "test", str(runs.dump / "predictions.csv"))
    products = len(pd.read_csv(runs.dump / "X_test_update.csv"))
    assert predict_products(dump=str(runs.dump), output=str(tmp_path / "submission.csv")) == products


def test_the_command_line_tells_who_reigns_and_why(runs: Runs) -> None:
    told = "\n".join(champion_lines(runs.store))
    assert f"champion {runs.better}" in told
    assert f"previous  {runs.weak}" in told
    assert LEAD_ON_NEWEST in told
    assert len(decision_lines(runs.store)) == 2 + len(runs.book.decisions())


def test_what_was_rolled_back_comes_again_by_force_alone(runs: Runs) -> None:
    runs.book.roll_back("complaints")
    assert runs.champion == runs.weak
    assert "it was rolled back" in promote()
    assert runs.champion == runs.weak
    with pytest.raises(InputError, match="--reason"):
        check_promote("newest", force=True, reason=" ")
    assert "promoted by force" in promote(force=True, reason="the complaints were about something else")
    assert runs.champion == runs.better
    assert [found.outcome for found in runs.book.decisions()][-3:] == [
        Outcome.ROLLED_BACK,
        Outcome.REFUSED,
        Outcome.PROMOTED,
    ]


def test_a_dump_that_differs_from_what_the_champion_learnt_from_alarms_once(runs: Runs, tmp_path: Path) -> None:
    strange = part_of(runs.dump, tmp_path / "strange", 700)
    products = pd.read_csv(strange / "X_train_update.csv", index_col=0)
    products["designation"] = [f"{title} imported new sealed" for title in products["designation"]]
    products["description"] = None
    products.to_csv(strange / "X_train_update.csv")
    told = drift_lines(runs.store, drift(dump=str(strange)))
    assert any(line.startswith("has a description: large shift") for line in told)
    assert any(line.startswith("words of title and description: ") for line in told)
    assert drift_lines(runs.store, drift(dump=str(strange))) == told
    assert len(events(DRIFT)) == 1
    assert events(DRIFT)[0]["payload"]["dump"] == "strange"
    book = RunBook(runs.store)
    assert "has description" in str(drift_of(book.find(flow="drift"), book))


def test_the_champions_own_dump_has_not_drifted(runs: Runs) -> None:
    told = drift_lines(runs.store, drift(dump=str(runs.dump)))
    assert told[-1].startswith("no alarm"), "nor is anything too few to tell"


def test_a_night_on_an_unchanged_dump_promotes_nobody_and_makes_nothing(runs: Runs, tmp_path: Path) -> None:
    shutil.copytree(runs.dump, tmp_path / "catalogue" / runs.dump.name)
    (tmp_path / "catalogue" / runs.dump.name / "_SUCCESS").touch()
    before, standing = {path.name for path in runs.outputs.glob("*-v*")}, runs.book.read()
    decisions = runs.book.decisions()
    nightly(catalogue=str(tmp_path / "catalogue"), plan=str(runs.outputs.parent / "better.toml"))
    made = {path.name for path in runs.outputs.glob("*-v*")} - before
    assert not made, "some stage ran"
    assert (runs.book.read(), runs.book.decisions()) == (standing, decisions)
    assert drift_of(RunBook(runs.store).find(flow="retrain"), RunBook(runs.store)) == "none"


def test_promotions_and_refusals_are_events(runs: Runs) -> None:
    decisions = [found for found in runs.book.decisions() if found.outcome is not Outcome.ROLLED_BACK]
    assert len(events(MODEL_PROMOTED)) == sum(found.outcome is Outcome.PROMOTED for found in decisions)
    assert len(events(MODEL_REFUSED)) == sum(found.outcome is Outcome.REFUSED for found in decisions)


def test_runs_that_are_not_there_are_refused_at_once(runs: Runs) -> None:
    with pytest.raises(RunNotFoundError):
        check_promote("never", force=False, reason="")
