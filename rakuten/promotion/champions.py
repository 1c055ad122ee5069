"""The champion, its predecessors, and every decision: the record that all else is a copy of.

Layout: `<outputs>/promotion/`
    champion.json       reigns, the last one being the champion's; replaced whole at every change
    decisions/          a file a decision, for reading; those that put a champion in place stand in champion.json too
    lock                held for the moment of a change
    *.damaged…          what held one of these names and could not be read

MLflow is told of all this afterwards (see `registry`) and is never asked.
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
    """A champion in its place.

    Attributes:
        candidate: Who.
        since: From when, ISO 8601 with zone.
        decision: What put it there.
    """

    model_config = ConfigDict(frozen=True)

    candidate: Candidate
    since: str
    decision: Decision


class Standing(BaseModel):
    """How things stand.

    Attributes:
        layout: Of this file.
        edition: Rises with every change; who decides on one edition cannot change another one.
        reigns: Earlier champions that one can go back to, and last the one that reigns.
        withdrawn: Packages that were rolled back: never promoted again unless by force.
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
        """The one that reigns, or None."""
        return self.reigns[-1] if self.reigns else None

    @property
    def previous(self) -> Reign | None:
        """The one that a rollback puts back, or None."""
        return self.reigns[-2] if len(self.reigns) > 1 else None

    @property
    def needed_runs(self) -> tuple[str, ...]:
        """Runs whose outputs predictions or a rollback need."""
        return tuple(reign.candidate.run for reign in self.reigns[-2:])

    @property
    def needed_packages(self) -> frozenset[str]:
        """Keys of the packages that predictions or a rollback need."""
        return frozenset(reign.candidate.package for reign in self.reigns[-2:])


class ChampionBook:
    """The champions of an outputs folder.

    Args:
        outputs: The outputs folder.
    """

    def __init__(self, outputs: Path) -> None:
        self.folder = outputs / FOLDER

    def read(self) -> Standing:
        """How things stand; a book without a champion where nobody was ever promoted.

        Raises:
            ChampionError: If the file cannot be read, or is gone although champions are known from decisions.
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
        """The one that reigns.

        Raises:
            ChampionError: As `read`.
            NoChampionError: If nobody was promoted yet.
        """
        champion = self.read().champion
        if champion is None:
            raise NoChampionError(f"no champion in {self.folder}; `rakuten promote` makes the newest run one")
        return champion

    def settle(self, decision: Decision, edition: int) -> Standing:
        """Record a decision and carry it out. Of two at once, the later one is not carried out.

        Args:
            decision: Promoted or refused.
            edition: That of the standing it was made on.

        Returns:
            How things stand now.

        Raises:
            ChampionError: As `read`; a forced promotion puts a lost or damaged book aside instead.
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
        """Put the champion's predecessor back in its place.

        Returns:
            The decision, of which the candidate reigns again.

        Raises:
            ChampionError: As `read`.
            NoChampionError: If there is no predecessor.
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
        """Every decision, oldest first; one whose file is gone or damaged is known from the reign it began, if it did.

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
    """A decision of its file; None, with a warning, where it cannot be read."""
    try:
        return Decision.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        logger.warning("the decision %s is passed over: %s", path, _fault(error))
        return None


def _fault(error: OSError | ValidationError) -> str:
    """An error in one line."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    fault = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    return f"{where}: {fault['msg']}" if where else fault["msg"]


def put_aside(path: Path) -> None:
    """Rename whatever holds a name (file, folder, link to nothing) to the first free `<name>.damaged…`."""
    if not os.path.lexists(path):
        return
    names = itertools.chain([f"{path.name}.damaged"], (f"{path.name}.damaged-{count}" for count in itertools.count(2)))
    free = next(name for name in names if not os.path.lexists(path.with_name(name)))
    path.rename(path.with_name(free))
    logger.warning("%s could not be used and is now called %s", path, free)
