"""Run records: parameters, outputs, scores and status of flow runs.

Layout: `<outputs>/runs/<run id>/run.json` and a lock that the run's process holds, so that a run that died is told from
one that goes on.
"""

import logging
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from rakuten.errors import OutputError, RunNotFoundError
from rakuten.outputs.atomic import exists, require_regular, write_whole
from rakuten.outputs.locks import is_held
from rakuten.outputs.stage_output import StageOutput
from rakuten.outputs.store import OutputStore
from rakuten.paths import did_you_mean
from rakuten.runs.run_outputs import Role, RunOutputs, evaluation_role, model_role

logger = logging.getLogger(__name__)

RUNS = "runs"
RECORD = "run.json"
LOCK = "alive.lock"
# Names of runs beside their ids, see `rakuten.promotion.naming`.
_NAMES = ("champion", "newest")


# Records that could not be read: each is warned of once by a process.
_unreadable: set[Path] = set()


class Status(StrEnum):
    """State of a run: cancelled by a person, interrupted by a signal or the death of its process."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


def _with_zone(moment: str) -> str:
    if datetime.fromisoformat(moment).tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment


# ISO 8601 with zone.
Moment = Annotated[str, AfterValidator(_with_zone)]


class RunRecord(BaseModel):
    """Record of a run, content of `run.json`.

    Attributes:
        run: Its id, `<date>-<time>-<plan>`; of a flow without a plan, `<date>-<time>-<flow>`.
        flow: Name of the flow.
        flow_run: Prefect's id of the flow run, or None outside Prefect.
        status: As recorded; see `RunBook.status`.
        started, finished: ISO 8601 with zone.
        parameters: What the flow was called with.
        plan: Content of the plan; empty for a flow without one.
        outputs: Keys of the outputs the run ended with, by role; `RunBook.outputs` has them typed.
        scores: The score table, a dict a row.
        decision: Name of the row that predictions are made with.
        error: What ended a run that did not complete.
    """

    model_config = ConfigDict(frozen=True)

    run: str
    flow: str
    flow_run: str | None = None
    status: Status = Status.RUNNING
    started: Moment
    finished: Moment | None = None
    parameters: dict[str, Any]
    plan: dict[str, Any] = {}
    outputs: dict[str, str] = {}
    scores: list[dict[str, Any]] = []
    decision: str | None = None
    error: str | None = None

    @property
    def plan_name(self) -> str | None:
        """Name of the plan; None of a flow without one."""
        return self.plan.get("name")

    def key(self, role: Role) -> str | None:
        """Key of the output that the run ended with in some role; None: it has no such output."""
        return self.outputs.get(role)

    @property
    def seconds(self) -> float | None:
        """Wall time; None while it runs, and of a run whose process died."""
        if self.finished is None:
            return None
        return (datetime.fromisoformat(self.finished) - datetime.fromisoformat(self.started)).total_seconds()


class RunBook:
    """All runs of an outputs folder.

    Args:
        store: The outputs folder.
    """

    def __init__(self, store: OutputStore) -> None:
        self.store = store
        self.folder = store.folder / RUNS

    def open(self, flow: str, **fields: Any) -> RunRecord:
        """Record a new run.

        Args:
            flow: Name of the flow.
            **fields: Further fields of `RunRecord` other than its id, status and times.

        Raises:
            OutputError: If the folder of all runs is no folder.
        """
        if exists(self.folder) and not self.folder.is_dir():
            raise OutputError(f"{self.folder} is no folder; remove it, runs are recorded there")
        now = datetime.now(UTC)
        base = f"{now:%Y%m%d-%H%M%S}-{fields.get('plan', {}).get('name', flow)}"
        run = base
        for attempt in range(2, 1000):
            try:
                (self.folder / run).mkdir(parents=True)
                break
            except FileExistsError:
                run = f"{base}-{attempt}"
        record = RunRecord(run=run, flow=flow, started=now.isoformat(timespec="seconds"), **fields)
        self.write(record)
        return record

    def write(self, record: RunRecord) -> None:
        """Write a record atomically."""
        write_whole(self.folder / record.run / RECORD, record.model_dump_json(indent=2))

    def close(self, record: RunRecord, status: Status, **fields: Any) -> RunRecord:
        """Record how a run ended."""
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        closed = record.model_copy(update={"status": status, "finished": finished, **fields})
        self.write(closed)
        return closed

    def lock(self, run: str) -> Path:
        """Lock file of a run, held by its process."""
        return self.folder / run / LOCK

    def status(self, record: RunRecord) -> Status:
        """Status of a run; recorded as running without a running process, it counts as interrupted."""
        if record.status is Status.RUNNING and not is_held(self.lock(record.run)):
            return Status.INTERRUPTED
        return record.status

    def all(self) -> list[RunRecord]:
        """All runs with a readable record, newest first."""
        names = sorted((path.name for path in self.folder.glob("*/") if exists(path / RECORD)), reverse=True)
        return [record for record in map(self._read, names) if record]

    def find(self, run: str | None = None, *, flow: str | tuple[str, ...] = (), scored: bool = False) -> RunRecord:
        """A run by id or by the start of it; None: the newest completed one.

        Args:
            run: The id, or the start of one.
            flow: Name or names of the flows it may be a run of; none: of any.
            scored: Pass over runs that ended without scores.

        Raises:
            RunNotFoundError: If there is no such run, or the start of an id is that of several.
        """
        flows = (flow,) if isinstance(flow, str) else flow
        runs = [
            record for record in self.all() if (not flows or record.flow in flows) and (record.scores or not scored)
        ]
        if run is None:
            completed = [record for record in runs if record.status is Status.COMPLETED]
            if not completed:
                raise RunNotFoundError(f"no completed run in {self.folder}; make one with `rakuten retrain --dump DIR`")
            return completed[0]
        matching = [record for record in runs if record.run == run] or [
            record for record in runs if record.run.startswith(run)
        ]
        if len(matching) == 1:
            return matching[0]
        if matching:
            names = ", ".join(record.run for record in matching)
            raise RunNotFoundError(f"{run!r} is the start of {len(matching)} runs: {names}")
        hint = did_you_mean(run, [*_NAMES, *(record.run for record in runs)])
        raise RunNotFoundError(f"no run {run!r} in {self.folder}{hint or '; `rakuten runs` lists them'}")

    def outputs(self, record: RunRecord) -> RunOutputs:
        """All outputs that a run ended with; they may be gone or damaged since."""
        folder = self.store.folder
        return RunOutputs.from_roles({role: StageOutput(key, folder / key) for role, key in record.outputs.items()})

    def output(self, record: RunRecord, role: Role) -> StageOutput:
        """Output of a run by role, with all files verified.

        Raises:
            RunNotFoundError: If the run has no such output, or it is gone or damaged.
        """
        return self._output(record, role)

    def evaluation(self, record: RunRecord, name: str | None = None) -> StageOutput:
        """Evaluation of a model or fusion of a run (None: of its decision), with all files verified.

        Raises:
            RunNotFoundError: As `output`.
        """
        return self._output(record, evaluation_role(name or record.decision or "decision"))

    def model(self, record: RunRecord, name: str, *, refitted: bool = False) -> StageOutput:
        """A trained model of a run, every file checked: the scored one, or the one fitted to all labelled products.

        Raises:
            RunNotFoundError: As `output`.
        """
        return self._output(record, model_role(name, refitted=refitted))

    def _output(self, record: RunRecord, role: str) -> StageOutput:
        key = record.outputs.get(role)
        if key is None:
            known = ", ".join(sorted(record.outputs)) or "nothing"
            raise RunNotFoundError(f"run {record.run} ended without {role!r}; it has {known}")
        found = self.store.find(key)
        if found is None:
            raise RunNotFoundError(f"{role!r} of run {record.run} ({key}) is gone or damaged; run its retrain again")
        return found

    def _read(self, name: str) -> RunRecord | None:
        path = self.folder / name / RECORD
        try:
            require_regular(path)
            record = RunRecord.model_validate_json(path.read_bytes())
            if record.run != name:
                raise ValueError(f"it is the record of {record.run}")
        except (OSError, ValueError) as error:
            if path not in _unreadable:
                _unreadable.add(path)
                logger.warning("%s cannot be read and is passed over: %s", path, _first_line(error))
            return None
        return record


def _first_line(error: OSError | ValueError) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors()[0]
        return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}".removeprefix(": ")
    return str(getattr(error, "strerror", None) or error).splitlines()[0]
