"""Champion record: the champion, its predecessors and all promotion decisions (source of truth).

Layout: `<outputs>/promotion/`
    champion.json       champions, the last is the current one; replaced atomically
    decisions/          one file per decision; decisions that changed the champion are in champion.json too
    lock                advisory lock for updates
    *.damaged…          unreadable files, renamed

The MLflow model registry is a copy (see `registry`) and is never read for decisions.
"""

import itertools
import logging
import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from rakuten.errors import ChampionChangedError, ChampionError, NoChampionError
from rakuten.outputs.atomic import write_whole
from rakuten.outputs.locks import exclusive
from rakuten.promotion.decisions import Candidate, Decision, Outcome, now

logger = logging.getLogger(__name__)

FOLDER = "promotion"
POINTER = "champion.json"
DECISIONS = "decisions"

REMEDY = "put it back from a backup, or name a champion with `rakuten promote RUN --force --reason TEXT`"


class Reign(BaseModel):
    """Champion with the start of its tenure.

    Attributes:
        candidate: The package and its run.
        since: Start, ISO 8601 with time zone.
        decision: The promotion or rollback that made it champion.
    """

    model_config = ConfigDict(frozen=True)

    candidate: Candidate
    since: str
    decision: Decision


class Standing(BaseModel):
    """State of the champion record, content of `champion.json`.

    Attributes:
        layout: Version of the file format.
        edition: Revision number, incremented by every change (optimistic concurrency control).
        reigns: Champions available for rollback, the current one last.
        withdrawn: Keys of packages that were rolled back; promoted again only by force.
    """

    model_config = ConfigDict(frozen=True)

    layout: Literal[1] = 1
    edition: int = 0
    reigns: tuple[Reign, ...] = ()
    withdrawn: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_this_layout(cls, content: Any) -> Any:
        if isinstance(content, dict) and content.get("layout", 1) != 1:
            raise ValueError(f"layout {content['layout']}, of another version of this program; expected 1")
        return content

    @property
    def champion(self) -> Reign | None:
        """Current champion, or None."""
        return self.reigns[-1] if self.reigns else None

    @property
    def previous(self) -> Reign | None:
        """Previous champion, target of a rollback, or None."""
        return self.reigns[-2] if len(self.reigns) > 1 else None

    @property
    def needed_runs(self) -> tuple[str, ...]:
        """Runs needed for predictions or a rollback; excluded from garbage collection."""
        return tuple(reign.candidate.run for reign in self.reigns[-2:])

    @property
    def needed_packages(self) -> frozenset[str]:
        """Keys of the packages needed for predictions or a rollback."""
        return frozenset(reign.candidate.package for reign in self.reigns[-2:])


class ChampionBook:
    """Champion record of an outputs folder."""

    def __init__(self, outputs: Path) -> None:
        self.folder = outputs / FOLDER

    def read(self) -> Standing:
        """Read the current state; without any promotion, a state without a champion.

        Raises:
            ChampionError: If the file is unreadable, or missing although decisions record a promotion.
        """
        path = self.folder / POINTER
        try:
            return Standing.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            if path.is_symlink():
                raise ChampionError(f"{path} is a link to nothing; {REMEDY}") from None
            return self._nobody_yet()
        except (OSError, ValidationError) as error:
            raise ChampionError(f"{path} cannot be read: {_fault(error)}; {REMEDY}") from error

    def champion(self) -> Reign:
        """Read the current champion.

        Raises:
            ChampionError: As `read`.
            NoChampionError: If no champion was promoted yet.
        """
        champion = self.read().champion
        if champion is None:
            raise NoChampionError(f"no champion in {self.folder}; `rakuten promote` makes the newest run one")
        return champion

    def settle(self, decision: Decision, edition: int) -> Standing:
        """Apply and record a decision; of two concurrent decisions, the second fails.

        Args:
            decision: Promotion or refusal.
            edition: Revision of the state that the decision is based on.

        Returns:
            The new state.

        Raises:
            ChampionError: As `read`; a forced promotion renames a damaged record instead and starts a new one.
            ChampionChangedError: If the champion changed meanwhile.
        """
        with exclusive(self.folder / "lock", purpose="the champion's book"):
            standing = self._read_or_begin_anew(decision)
            if standing.edition != edition:
                raise ChampionChangedError(f"the champion changed while {decision.candidate.run} was judged")
            if decision.outcome is Outcome.PROMOTED:
                reign = Reign(candidate=decision.candidate, since=decision.decided, decision=decision)
                package = decision.candidate.package
                withdrawn = tuple(key for key in standing.withdrawn if key != package)
                standing = self._write(standing, (*standing.reigns, reign), withdrawn)
            self._note(decision)
        return standing

    def roll_back(self, reason: str) -> Decision:
        """Roll back to the previous champion.

        Returns:
            The decision; its candidate is the champion again.

        Raises:
            ChampionError: As `read`.
            NoChampionError: If there is no previous champion.
        """
        with exclusive(self.folder / "lock", purpose="the champion's book"):
            standing = self.read()
            leaving, back = standing.champion, standing.previous
            if leaving is None or back is None:
                raise NoChampionError("there is no earlier champion to go back to; `rakuten champion` tells who reigns")
            decision = Decision(
                outcome=Outcome.ROLLED_BACK,
                candidate=back.candidate,
                against=leaving.candidate.run,
                reason=reason,
                decided=now(),
            )
            reign = Reign(candidate=back.candidate, since=decision.decided, decision=decision)
            withdrawn = tuple(dict.fromkeys((*standing.withdrawn, leaving.candidate.package)))
            self._write(standing, (*standing.reigns[:-2], reign), withdrawn)
            self._note(decision)
        return decision

    def decisions(self) -> list[Decision]:
        """Read all decisions, oldest first.

        A decision with a missing or damaged file is restored from `champion.json`, if it changed the champion.

        Raises:
            ChampionError: As `read`.
        """
        read = (decision for decision in map(_read_decision, self._decision_files()) if decision)
        found = {decision.id: decision for decision in read}
        for reign in self.read().reigns:
            found.setdefault(reign.decision.id, reign.decision)
        return [found[name] for name in sorted(found)]

    def _decision_files(self) -> list[Path]:
        return sorted((self.folder / DECISIONS).glob("*.json"))

    def _nobody_yet(self) -> Standing:
        changed = [path for path in self._decision_files() if f"-{Outcome.REFUSED.value}-" not in path.name]
        if changed:
            raise ChampionError(
                f"{self.folder / POINTER} is gone, although {len(changed)} decisions put a champion in place, the last "
                f"{changed[-1].stem}; {REMEDY}"
            )
        return Standing()

    def _read_or_begin_anew(self, decision: Decision) -> Standing:
        try:
            return self.read()
        except ChampionError:
            if not decision.forced:
                raise
            put_aside(self.folder / POINTER)
            return Standing()

    def _write(self, before: Standing, reigns: tuple[Reign, ...], withdrawn: tuple[str, ...]) -> Standing:
        standing = Standing(edition=before.edition + 1, reigns=reigns, withdrawn=withdrawn)
        write_whole(self.folder / POINTER, standing.model_dump_json(indent=2))
        return standing

    def _note(self, decision: Decision) -> None:
        folder = self.folder / DECISIONS
        if not folder.is_dir():
            put_aside(folder)
        folder.mkdir(exist_ok=True)
        write_whole(self.folder / DECISIONS / f"{decision.id}.json", decision.model_dump_json(indent=2))


def _read_decision(path: Path) -> Decision | None:
    """Read one decision file; None, with a warning, if it is unreadable."""
    try:
        return Decision.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        logger.warning("the decision %s is passed over: %s", path, _fault(error))
        return None


def _fault(error: OSError | ValidationError) -> str:
    """Format an error as one line."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    fault = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    return f"{where}: {fault['msg']}" if where else fault["msg"]


def put_aside(path: Path) -> None:
    """Rename a damaged file, folder or dangling link to the first free name `<name>.damaged…`."""
    if not os.path.lexists(path):
        return
    names = itertools.chain([f"{path.name}.damaged"], (f"{path.name}.damaged-{count}" for count in itertools.count(2)))
    free = next(name for name in names if not os.path.lexists(path.with_name(name)))
    path.rename(path.with_name(free))
    logger.warning("%s could not be used and is now called %s", path, free)
