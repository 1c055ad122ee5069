"""MLflow as a mirror: told once, told again what it lost, and never asked who is champion."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from decided import decided

from rakuten.errors import RegistryError
from rakuten.promotion import registry
from rakuten.promotion.champions import ChampionBook
from rakuten.promotion.decisions import Outcome
from rakuten.promotion.registry import MODEL, Registry

HISTORY = (decided(1), decided(2), decided(3, Outcome.REFUSED))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """A mirror of two promotions and a refusal; making MLflow's tables takes seconds."""
    book = ChampionBook(tmp_path_factory.mktemp("outputs"))
    for decision in HISTORY:
        book.settle(decision, book.read().edition)
    mirror = Registry(book.folder.parent)
    mirror.tell()
    return mirror


def client(mirror: Registry) -> Any:
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=mirror.uri, registry_uri=mirror.uri)


def aliases(mirror: Registry) -> dict[str, str]:
    """Runs by alias."""
    found = client(mirror)
    versions = found.get_registered_model(MODEL).aliases
    return {name: found.get_model_version(MODEL, str(at)).tags["rakuten.run"] for name, at in versions.items()}


def runs(mirror: Registry) -> Iterator[Any]:
    found = client(mirror)
    yield from found.search_runs([found.get_experiment_by_name(registry.EXPERIMENT).experiment_id])


def test_mlflow_holds_a_run_a_decision_a_version_a_package_and_the_aliases(told: Registry) -> None:
    assert aliases(told) == {"champion": "run-2", "previous": "run-1", "challenger": "run-3"}
    by_run = {run.data.params["run"]: run.data for run in runs(told)}
    assert set(by_run) == {"run-1", "run-2", "run-3"}
    assert by_run["run-3"].tags["rakuten.outcome"] == "refused"
    assert by_run["run-3"].metrics["lead passed"] == 0
    assert by_run["run-1"].metrics["f1_weighted"] == 0.8
    assert by_run["run-1"].params["recipe text_ngrams"] == "digest"
    sources = {version.source for version in client(told).search_model_versions(f"name='{MODEL}'")}
    assert (told.outputs / "package-v1-2").as_uri() in sources


def test_what_was_told_is_not_told_twice(told: Registry) -> None:
    assert told.is_up_to_date()
    (told.book.folder / registry.TOLD).unlink()
    told.tell()
    assert len(list(runs(told))) == len(HISTORY)
    assert len(client(told).search_model_versions(f"name='{MODEL}'")) == len(HISTORY)


def test_a_crash_between_the_book_and_mlflow_is_mended_by_the_next_telling(
    told: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    told.book.settle(decided(4), told.book.read().edition)
    with monkeypatch.context() as crashing:
        # The run is made, its metrics and the aliases are not.
        crashing.setattr(registry, "_metrics", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            told.tell()
    assert aliases(told)["champion"] == "run-2"
    assert told.book.champion().candidate.run == "run-4"
    assert not told.is_up_to_date()
    told.tell()
    assert aliases(told) == {"champion": "run-4", "previous": "run-2"}
    assert sorted(run.data.params["run"] for run in runs(told)) == ["run-1", "run-2", "run-3", "run-4"]
    assert {run.info.status for run in runs(told)} == {"FINISHED"}


def test_a_rollback_moves_the_aliases(told: Registry) -> None:
    told.book.settle(decided(5), told.book.read().edition)
    left, back = told.book.read().reigns[-1], told.book.read().reigns[-2]
    told.book.roll_back("worse in the shop")
    told.tell()
    assert aliases(told)["champion"] == back.candidate.run != left.candidate.run


def test_a_deleted_database_is_filled_anew_and_a_damaged_one_is_a_clear_error(told: Registry) -> None:
    before, champion = aliases(told), told.book.champion()
    database = Path(told.uri.removeprefix("sqlite:///"))
    database.rename(database.with_suffix(".away"))
    elsewhere = Registry(told.outputs, f"sqlite:///{told.outputs}/other.db")
    assert not told.is_up_to_date()
    elsewhere.tell()
    assert aliases(elsewhere) == before
    database.with_suffix(".away").replace(database)
    damaged = Registry(told.outputs, f"sqlite:///{told.outputs}/damaged.db")
    (told.outputs / "damaged.db").write_bytes(b"no database" * 1000)
    with pytest.raises(RegistryError, match=r"Predictions do not depend on it.*rakuten registry"):
        damaged.tell()
    assert told.book.champion() == champion


def garbage(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


def damaged_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096 : 4096 * 3] = b"x" * 8192
    path.write_bytes(content)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [garbage, damaged_page, folder])
def test_a_damaged_database_of_our_own_is_put_aside_and_filled_anew(
    told: Registry, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    # A copy: this process holds connections to the database itself.
    copy = Registry(Path(shutil.copytree(told.outputs, tmp_path / "outputs")))
    damage(copy.book.folder / registry.DATABASE)
    copy.tell()
    assert aliases(copy) == aliases(told)
    assert (copy.book.folder / f"{registry.DATABASE}.damaged").exists()
    assert copy.is_up_to_date()


@pytest.mark.parametrize("content", [b"", b"[1]", b"\xff\x00", None])
def test_a_damaged_note_of_what_was_told_only_makes_it_be_told_again(told: Registry, content: bytes | None) -> None:
    note = told.book.folder / registry.TOLD
    note.unlink(missing_ok=True)
    if content is None:
        note.mkdir()
    else:
        note.write_bytes(content)
    assert not told.is_up_to_date()
    told.tell()
    assert told.is_up_to_date()


def test_a_server_that_is_away_is_an_error_in_seconds(told: Registry) -> None:
    with pytest.raises(RegistryError, match=r"127\.0\.0\.1:9"):
        Registry(told.outputs, "http://127.0.0.1:9").tell()


def test_nothing_imports_mlflow_before_there_is_something_to_tell(told: Registry) -> None:
    code = f"""
import sys
from pathlib import Path
import flows.cli.main, flows.cli.preflight, flows.cli.run_views
from rakuten.promotion.registry import Registry
Registry(Path({str(told.outputs)!r})).is_up_to_date()
sys.exit("mlflow" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
