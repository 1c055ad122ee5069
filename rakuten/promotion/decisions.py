"""What is decided of a challenger, as it is recorded."""

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
    """What came of it."""

    PROMOTED = "promoted"
    REFUSED = "refused"
    UNCHANGED = "unchanged"
    ROLLED_BACK = "rolled back"


class Candidate(BaseModel):
    """What a run offers for champion.

    Attributes:
        run: The run's id.
        package: Key of the output that it predicts with.
        plan, dump: Their names.
        snapshot: Key of the dump's files and digests.
        recipes: Digest of each recipe, by name.
        scores: Of what it predicts with, on its own test products: accuracy, f1_weighted, f1_macro, ece, …
        generated: Whether a dump that it was trained on is marked as generated.
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
    """A decision with its reasons.

    Attributes:
        outcome: What came of it.
        candidate: Of whom; in a rollback, who is champion again.
        against: Run of the champion at that time; None: there was none.
        checks: The gate's conditions, passed or not; none where nothing was tested.
        forced: Whether a person overrode the gate.
        reason: What a person, or this project, said of it.
        judgement: Key of the output that holds the checks; None where nothing was tested.
        decided: When, ISO 8601 with zone.
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
        """Unique in an outputs folder, sorted by time."""
        when = datetime.fromisoformat(self.decided)
        return f"{when:%Y%m%d-%H%M%S-%f}-{self.outcome.value.replace(' ', '-')}-{self.candidate.run}"

    @property
    def failed(self) -> tuple[Check, ...]:
        """The conditions that do not hold."""
        return tuple(check for check in self.checks if not check.passed)

    @property
    def words(self) -> str:
        """The outcome and its reasons, one line."""
        against = f" over {self.against}" if self.against and self.outcome is not Outcome.UNCHANGED else ""
        told = [self.reason] if self.reason else []
        shown = self.failed or self.checks[:1]
        told += [f"{check.name}: {check.words}" for check in shown]
        forced = " by force" if self.forced else ""
        return f"{self.candidate.run} {self.outcome.value}{forced}{against}: {'; '.join(told)}"


def candidate_of(record: RunRecord, snapshot: StageOutput | None = None) -> Candidate:
    """What a completed retraining offers.

    Args:
        record: The run.
        snapshot: `record_snapshot` of its dump, which says whether its products are generated also where the folder is
            gone; None: only the folders are looked at.

    Raises:
        RunNotFoundError: If it made no package.
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
    """Refuse force without a reason.

    Raises:
        InputError: If there is none.
    """
    if force and not reason.strip():
        raise InputError("force needs a reason (--reason TEXT): it is recorded with the decision")


def now() -> str:
    """The time of a decision."""
    return datetime.now(UTC).isoformat()


def _digest(recipe: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:20]
