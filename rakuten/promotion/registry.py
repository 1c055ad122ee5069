"""MLflow model registry: one MLflow run per decision, one model version per package, and aliases.

MLflow is a copy; the source of truth is the `ChampionBook`. Missing entries (server down, database deleted or moved)
are written by the next sync. Model versions refer to packages by folder and key and contain no model files. Importing
MLflow takes seconds, so it is imported only if there is something to sync.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rakuten.errors import RegistryError
from rakuten.outputs.atomic import write_whole
from rakuten.outputs.locks import exclusive
from rakuten.promotion.champions import FOLDER, ChampionBook, Standing, put_aside
from rakuten.promotion.decisions import Candidate, Decision, Outcome

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

EXPERIMENT = "rakuten promotion"
MODEL = "rakuten-catalogue"
CHAMPION, CHALLENGER, PREVIOUS = "champion", "challenger", "previous"
TOLD = "registry.json"
DATABASE = "mlflow.db"
# Page size of MLflow searches.
PAGE = 1000

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    # Fail within seconds if the server is down; the next sync writes what is missing.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}


class Registry:
    """MLflow registry of the champions of an outputs folder.

    Args:
        outputs: The outputs folder.
        uri: MLflow tracking and registry URI; None: a SQLite database in the outputs folder.
    """

    def __init__(self, outputs: Path, uri: str | None = None) -> None:
        self.outputs = outputs
        self.book = ChampionBook(outputs)
        self.uri = uri or f"sqlite:///{outputs / FOLDER / DATABASE}"

    def is_up_to_date(self) -> bool:
        """True if MLflow is in sync, according to the local sync record; does not contact MLflow."""
        try:
            told = json.loads((self.book.folder / TOLD).read_text("utf-8"))
        except (OSError, ValueError):
            # Missing or damaged: sync everything again; this is idempotent.
            return False
        return self._database_is_there() and told == self._state()

    def tell(self) -> None:
        """Sync missing decisions, model versions and aliases to MLflow.

        Raises:
            ChampionError: If the champion record is unreadable.
            RegistryError: If MLflow cannot be updated.
        """
        with exclusive(self.book.folder / "registry.lock", purpose="MLflow's registry"):
            if self.is_up_to_date():
                return
            state, standing, decisions = self._state(), self.book.read(), self.book.decisions()
            self._put_damage_aside()
            with _mlflow(self.uri) as client:
                versions = _versions(client)
                _tell_decisions(client, decisions)
                for candidate in _candidates(standing, decisions):
                    if candidate.package not in versions:
                        versions[candidate.package] = self._register(client, candidate)
                _set_aliases(client, standing, decisions, versions)
            write_whole(self.book.folder / TOLD, json.dumps(state, indent=2))

    def _put_damage_aside(self) -> None:
        """Rename damaged local files: the SQLite database (it is filled again) and the sync record `TOLD`."""
        told, database = self.book.folder / TOLD, self.book.folder / DATABASE
        if os.path.lexists(told) and not told.is_file():
            put_aside(told)
        is_ours = self.uri == f"sqlite:///{database}"
        if is_ours and os.path.lexists(database) and not _is_sound(database):
            # SQLite would apply a leftover journal to the new database.
            for path in (database, *self.book.folder.glob(f"{DATABASE}-*")):
                put_aside(path)

    def _register(self, client: "MlflowClient", candidate: Candidate) -> "ModelVersion":
        folder = self.outputs / candidate.package
        # A server rejects local paths of another machine as source.
        is_server = self.uri.startswith(("http://", "https://"))
        return client.create_model_version(
            MODEL,
            source=f"rakuten:///{candidate.package}" if is_server else folder.as_uri(),
            tags={"rakuten.package": candidate.package, "rakuten.run": candidate.run, "rakuten.folder": str(folder)},
            description=f"{candidate.plan} on {candidate.dump}, run {candidate.run}",
        )

    def _state(self) -> dict[str, Any]:
        """Digest of the state to sync."""
        decisions = hashlib.sha256("\n".join(found.id for found in self.book.decisions()).encode()).hexdigest()
        return {"uri": self.uri, "edition": self.book.read().edition, "decisions": decisions}

    def _database_is_there(self) -> bool:
        path = self.uri.removeprefix("sqlite:///")
        return path == self.uri or Path(path).exists()


def _is_sound(database: Path) -> bool:
    """True if a file is an intact SQLite database; a locked one counts as intact."""
    if not database.is_file():
        return False
    connection = sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
    try:
        return bool(connection.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.OperationalError:
        # Locked by another process, or no permission: MLflow raises its own error.
        return True
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()


@contextmanager
def _mlflow(uri: str) -> Iterator["MlflowClient"]:
    """MLflow client; its errors are converted to `RegistryError`."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    from alembic.util import CommandError
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield MlflowClient(tracking_uri=uri, registry_uri=uri)
    except (MlflowException, SQLAlchemyError, CommandError, OSError) as error:
        what = str(error).strip().partition("\n")[0]
        raise RegistryError(
            f"MLflow at {uri} cannot be told of the champion: {type(error).__name__}: {what}. Predictions do not "
            "depend on it. Once it is back, or its database moved away, `rakuten registry` tells it everything"
        ) from error


def _tell_decisions(client: "MlflowClient", decisions: Sequence[Decision]) -> None:
    """Create an MLflow run for each decision without one."""
    from mlflow.entities import Metric, Param, RunTag

    experiment = _experiment(client)
    known = {run.data.tags.get("rakuten.decision"): run for run in _all_runs(client, experiment)}
    for decision in decisions:
        run = known.get(decision.id)
        if run is not None and run.info.status == "FINISHED":
            continue
        when = round(datetime.fromisoformat(decision.decided).timestamp() * 1000)
        if run is None:
            run = client.create_run(
                experiment, start_time=when, tags={"rakuten.decision": decision.id}, run_name=decision.candidate.run
            )
        client.log_batch(
            run.info.run_id,
            metrics=[Metric(name, value, when, 0) for name, value in _metrics(decision).items()],
            params=[Param(name, value) for name, value in _params(decision).items()],
            tags=[RunTag(name, value) for name, value in _tags(decision).items()],
        )
        # Terminated last: an interrupted, unfinished run is written again by the next sync.
        client.set_terminated(run.info.run_id, end_time=when)


def _experiment(client: "MlflowClient") -> str:
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        return str(client.create_experiment(EXPERIMENT, artifact_location="rakuten:///"))
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _all_runs(client: "MlflowClient", experiment: str) -> Iterator[Any]:
    token = None
    while True:
        page = client.search_runs([experiment], max_results=PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _versions(client: "MlflowClient") -> dict[str, "ModelVersion"]:
    """Registered model versions by package; creates the registered model if missing."""
    from mlflow.exceptions import MlflowException

    try:
        client.get_registered_model(MODEL)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        client.create_registered_model(MODEL, description="Product types of the catalogue; told by `rakuten promote`.")
    found: dict[str, ModelVersion] = {}
    token = None
    while True:
        page = client.search_model_versions(f"name='{MODEL}'", max_results=PAGE, page_token=token)
        found |= {version.tags.get("rakuten.package", ""): version for version in page}
        token = page.token
        if not token:
            return found


def _candidates(standing: Standing, decisions: Sequence[Decision]) -> Iterator[Candidate]:
    """Candidates of all decisions and champions, in order of appearance."""
    yield from (decision.candidate for decision in decisions)
    yield from (reign.candidate for reign in standing.reigns)


def _set_aliases(
    client: "MlflowClient", standing: Standing, decisions: Sequence[Decision], versions: dict[str, "ModelVersion"]
) -> None:
    """Set the aliases: champion, previous, and challenger (the last decision's candidate, if it was refused)."""
    wanted: dict[str, str] = {}
    if standing.champion:
        wanted[CHAMPION] = standing.champion.candidate.package
    if standing.previous:
        wanted[PREVIOUS] = standing.previous.candidate.package
    if decisions and decisions[-1].outcome is Outcome.REFUSED:
        wanted[CHALLENGER] = decisions[-1].candidate.package
    present = client.get_registered_model(MODEL).aliases
    for alias in (CHAMPION, PREVIOUS, CHALLENGER):
        if alias in wanted:
            client.set_registered_model_alias(MODEL, alias, str(versions[wanted[alias]].version))
        elif alias in present:
            client.delete_registered_model_alias(MODEL, alias)


def _params(decision: Decision) -> dict[str, str]:
    candidate = decision.candidate
    plain = {"run": candidate.run, "plan": candidate.plan, "dump": candidate.dump, "snapshot": candidate.snapshot}
    recipes = {f"recipe {name}": digest for name, digest in candidate.recipes.items()}
    return plain | {"package": candidate.package, "against": decision.against or "nobody"} | recipes


def _metrics(decision: Decision) -> dict[str, float]:
    scores = decision.candidate.scores
    metrics = {name: float(value) for name, value in scores.items() if isinstance(value, int | float)}
    for check in decision.checks:
        plain = {name: value for name, value in check.figures.items() if isinstance(value, int | float)}
        metrics |= {_name(f"{check.name} {figure}"): float(value) for figure, value in plain.items()}
        metrics[_name(f"{check.name} passed")] = float(check.passed)
    return metrics


def _tags(decision: Decision) -> dict[str, str]:
    told = {f"rakuten.check.{_name(check.name)}": check.words for check in decision.checks}
    return {
        "rakuten.outcome": decision.outcome.value,
        "rakuten.forced": str(decision.forced).lower(),
        "rakuten.reason": decision.reason,
        "mlflow.note.content": decision.words,
        **{name: words[:5000] for name, words in told.items()},
    }


def _name(words: str) -> str:
    """Convert a text to a valid MLflow metric name."""
    return "".join(letter if letter.isalnum() or letter in "_-./ " else "" for letter in words)
