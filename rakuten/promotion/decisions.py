"""Records of promotion decisions: outcome, candidate, checks and reason."""

import hashlib
import json
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from rakuten.dumps.generated_marker import is_generated
from rakuten.errors import InputError, RunNotFoundError
from rakuten.outputs import StageOutput
from rakuten.promotion.gate import Check
from rakuten.runs.records import RunRecord


class Outcome(StrEnum):
    """Outcome of a promotion decision."""

    PROMOTED = "promoted"
    REFUSED = "refused"
    UNCHANGED = "unchanged"
    ROLLED_BACK = "rolled back"


class Candidate(BaseModel):
    """Candidate for champion: the model package of a run.

    Attributes:
        run: Run id.
        package: Key of the package.
        plan, dump: Names.
        snapshot: Key of the dump's snapshot.
        recipes: Digest of each recipe, by name.
        scores: Metrics of the decision on its own test products: accuracy, f1_weighted, f1_macro, ece, …
        generated: True if it was trained on a generated dump.
    """

    model_config = ConfigDict(frozen=True)

    run: str
    package: str
    plan: str
    dump: str
    snapshot: str
    recipes: dict[str, str]
    scores: dict[str, Any]
    generated: bool = False


class Decision(BaseModel):
    """Promotion decision with its reasons.

    Attributes:
        outcome: Outcome.
        candidate: The challenger; in a rollback, the restored champion.
        against: Run of the champion at that time; None without a champion.
        checks: Results of the gate's checks; empty if none was run.
        forced: True if a user overrode the gate.
        reason: Reason, by the user or generated.
        judgement: Key of the stage output with the checks; None if none was run.
        decided: Time, ISO 8601 with time zone.
    """

    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    candidate: Candidate
    against: str | None
    checks: tuple[Check, ...] = ()
    forced: bool = False
    reason: str = ""
    judgement: str | None = None
    decided: str

    @property
    def id(self) -> str:
        """Unique id within an outputs folder; ids sort by time."""
        when = datetime.fromisoformat(self.decided)
        return f"{when:%Y%m%d-%H%M%S-%f}-{self.outcome.value.replace(' ', '-')}-{self.candidate.run}"

    @property
    def failed(self) -> tuple[Check, ...]:
        """Failed checks."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def words(self) -> str:
        """Outcome and reasons as one line."""
        against = f" over {self.against}" if self.against and self.outcome is not Outcome.UNCHANGED else ""
        told = [self.reason] if self.reason else []
        shown = self.failed or self.checks[:1]
        told += [f"{check.name}: {check.words}" for check in shown]
        forced = " by force" if self.forced else ""
        return f"{self.candidate.run} {self.outcome.value}{forced}{against}: {'; '.join(told)}"


def candidate_of(record: RunRecord, snapshot: StageOutput | None = None) -> Candidate:
    """Candidate of a completed training run.

    Args:
        record: The run.
        snapshot: `record_snapshot` of its dump, which marks generated dumps even if the folder was deleted; None: only
            the folders are checked.

    Raises:
        RunNotFoundError: If the run has no package.
    """
    package, snapshot_key = record.key("package"), record.key("snapshot")
    if package is None or snapshot_key is None:
        raise RunNotFoundError(f"run {record.run} made no model package: run its retrain again")
    dumps = [record.parameters["dump"], *record.parameters.get("more_dumps", [])]
    is_marked = snapshot is not None and bool(snapshot.facts.get("generated"))
    scores = next((row for row in record.scores if row["model"] == record.decision), {})
    return Candidate(
        run=record.run,
        package=package,
        plan=record.plan["name"],
        dump=str(record.parameters["dump"]).rstrip("/").rpartition("/")[2],
        snapshot=snapshot_key,
        recipes={recipe["name"]: _digest(recipe) for recipe in record.plan["recipes"]},
        scores=dict(scores),
        generated=is_marked or any(is_generated(Path(dump)) for dump in dumps),
    )


def require_reason(force: bool, reason: str) -> None:
    """Check that a forced promotion has a reason.

    Raises:
        InputError: If the reason is blank.
    """
    if force and not reason.strip():
        raise InputError("force needs a reason (--reason TEXT): it is recorded with the decision")


def now() -> str:
    """Current time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat()


def _digest(recipe: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:20]
