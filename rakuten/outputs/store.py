"""Cache of stage outputs: a cache hit returns the output, a cache miss runs the stage, once across processes.

Layout:
    <outputs>/<key>/              committed output; manifest.json is written last
    <outputs>/<key>.partial/      running or interrupted work; the next attempt resumes it
    <outputs>/locks/              one lock file per key
    <outputs>/pools/              shards shared by outputs (see pool.py)
"""

import contextlib
import errno
import json
import logging
import os
import platform
import resource
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec

from rakuten.errors import OutputError
from rakuten.outputs.atomic import SET_ASIDE, exists, remove, remove_temporaries, set_aside, sync, write_whole
from rakuten.outputs.disk_space import disk_full_as_error, require_space
from rakuten.outputs.locks import exclusive
from rakuten.outputs.pool import SHARDS
from rakuten.outputs.stage_output import (
    MANIFEST,
    SCRATCH,
    Manifest,
    StageOutput,
    file_digest,
    find_damage,
    list_files,
)
from rakuten.stages import Stage, key_of

logger = logging.getLogger(__name__)

P = ParamSpec("P")

PARTIAL = ".partial"
ATTEMPTS = "attempts.json"


class OutputStore:
    """Store of stage outputs in one folder.

    Args:
        folder: Created if missing. A shared file system must support flock and atomic rename.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.folder.mkdir(parents=True, exist_ok=True)

    def find(self, key: str) -> StageOutput | None:
        """Cache lookup with verification of all files; None for a missing or damaged output (cache miss)."""
        output = StageOutput(key=key, folder=self.folder / key)
        if not exists(output.folder):
            return None
        damage = find_damage(output)
        if damage is None:
            return output
        logger.warning("%s is damaged (%s) and will be made again", key, damage)
        return None

    def run(self, stage: Stage[P], /, *args: P.args, **kwargs: P.kwargs) -> StageOutput:
        """Return the cached output of a stage, or run the stage; waits if another process is running it.

        Args:
            stage: Stage.
            *args, **kwargs: Its arguments without the work folder.

        Raises:
            KeyInputError: If an argument cannot be part of a key.
            Exception: Any exception of the stage's body; partial work is kept for the next attempt.
        """
        identity = stage.identity(*args, **kwargs)
        key = key_of(identity)
        found = self.find(key)
        if found is not None:
            logger.info("%s: cached since %s", stage.name, found.manifest.started[:10])
            logger.debug("found %s", key)
            return found
        with exclusive(self.folder / "locks" / f"{key}.lock", purpose=stage.name):
            return self.find(key) or self._make(stage, identity, stage.bind(*args, **kwargs))

    def upstream(self, output: StageOutput, name: str) -> StageOutput:
        """Input of a stage output, by argument name.

        Args:
            output: The downstream output.
            name: Argument name of its stage.

        Raises:
            OutputError: If the input is no longer stored, or the argument was not an output.
        """
        given = output.manifest.identity["inputs"][name]
        found = self.find(given["key"]) if given else None
        if found is None:
            made_from = given["key"] if given else name
            raise OutputError(f"{made_from}, from which {output.key} was made, is gone; run the same command again")
        return found

    def manifests_like(self, identity: Mapping[str, Any]) -> Iterator[Manifest]:
        """Readable manifests of the same stage and recipe family, newest first."""
        for output in self.outputs_of(identity["stage"]):
            with contextlib.suppress(OutputError):
                manifest = output.manifest
                if _recipe_family(manifest.identity) == _recipe_family(identity):
                    yield manifest

    def outputs_of(self, stage_name: str) -> Iterator[StageOutput]:
        """Committed outputs of a stage, newest first, without verification."""
        folders = [path for path in self.folder.glob(f"{stage_name}-v*") if (path / MANIFEST).is_file()]
        # Ties in time are broken by name, because the order of directory listings is arbitrary.
        for folder in sorted(folders, key=lambda path: ((path / MANIFEST).stat().st_mtime_ns, path.name), reverse=True):
            if not folder.name.endswith((PARTIAL, SET_ASIDE)):
                yield StageOutput(key=folder.name, folder=folder)

    def has_partial(self, key: str) -> bool:
        """True if interrupted or running work exists for a key."""
        return (self.folder / f"{key}{PARTIAL}").exists()

    def _make(self, stage: Stage[...], identity: dict[str, Any], arguments: dict[str, Any]) -> StageOutput:
        key = key_of(identity)
        final, partial = self.folder / key, self.folder / f"{key}{PARTIAL}"
        if exists(final):
            set_aside(final)
        if _is_finished(partial, key):
            logger.info("%s: finished by an interrupted run, committed now", stage.name)
            return _rename(partial, final)
        require_space(self.folder, self._expected_size(identity), stage.name)
        attempt = _begin_attempt(partial)
        logger.info("%s: started%s", stage.name, f", attempt {attempt}" if attempt > 1 else "")
        started, clock = datetime.now(UTC), time.monotonic()
        with disk_full_as_error(self.folder, stage.name):
            facts = stage.function(partial, **arguments)
            manifest = Manifest(
                key=key,
                identity=identity,
                files={name: file_digest(partial / name) for name in list_files(partial)},
                facts=dict(facts or {}),
                started=started.isoformat(timespec="seconds"),
                seconds=round(time.monotonic() - clock, 3),
                attempts=attempt,
                host=platform.node(),
                python=platform.python_version(),
                process=os.getpid(),
                peak_memory=_peak_memory(),
            )
            output = commit(partial, final, manifest)
        logger.info("%s: done in %.1f s%s", stage.name, manifest.seconds, _in_short(manifest.facts))
        logger.debug("made %s", key)
        return output

    def _expected_size(self, identity: Mapping[str, Any]) -> int:
        """Expected bytes, from the newest similar output; 0 without any.

        Shards of a pool are hard links and are not counted here.
        """
        newest = next(self.manifests_like(identity), None)
        files = newest.files if newest else {}
        return sum(record.size for name, record in files.items() if not name.startswith(f"{SHARDS}/"))


def commit(partial: Path, final: Path, manifest: Manifest) -> StageOutput:
    """Commit an output atomically: sync all files, write the manifest, rename the folder.

    A kill before the rename leaves no output, a kill after it the complete output.

    Args:
        partial: Folder of the completed work; its scratch is removed.
        final: Target folder on the same file system; must not exist.
        manifest: Manifest to write.
    """
    shutil.rmtree(partial / SCRATCH, ignore_errors=True)
    for name in manifest.files:
        sync(partial / name)
    write_whole(partial / MANIFEST, manifest.signed().model_dump_json(indent=2))
    sync(partial)
    return _rename(partial, final)


def _rename(partial: Path, final: Path) -> StageOutput:
    partial.rename(final)
    sync(final.parent)
    return StageOutput(key=final.name, folder=final)


def _is_finished(partial: Path, key: str) -> bool:
    """True if partial work is complete (killed between manifest and rename): manifest and digests match."""
    return (partial / MANIFEST).is_file() and find_damage(StageOutput(key=key, folder=partial)) is None


def _begin_attempt(partial: Path) -> int:
    """Prepare the work folder and return the number of attempts."""
    try:
        return _count_attempt(partial)
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ELOOP):
            raise
        logger.warning("%s is not as a stage leaves it (%s); started anew", error.filename, error.strerror)
        set_aside(partial)
        return _count_attempt(partial)


def _count_attempt(partial: Path) -> int:
    counter = partial / SCRATCH / ATTEMPTS
    counter.parent.mkdir(parents=True, exist_ok=True)
    # Resumable state is in the scratch folder; other leftover files would become part of the output.
    for path in partial.iterdir():
        if path.name != SCRATCH:
            remove(path)
    remove_temporaries(counter.parent)
    attempt = 1 + (_read_count(counter) if counter.exists() else 0)
    write_whole(counter, json.dumps(attempt))
    return attempt


def _read_count(counter: Path) -> int:
    """Number of previous attempts; informative only, so an unreadable counter is removed."""
    try:
        count = json.loads(counter.read_bytes())
        if type(count) is not int or count < 0:
            raise ValueError(f"expected a number of attempts, received {str(count)[:40]!r}")
    except ValueError as error:
        logger.warning("%s cannot be read (%s); attempts are counted anew", counter, error)
        return 0
    return count


def _recipe_family(identity: Mapping[str, Any]) -> str | None:
    """Family of the recipe among a stage's inputs; None without a recipe."""
    recipe = identity.get("inputs", {}).get("recipe")
    content = recipe.get("content") if isinstance(recipe, Mapping) else None
    return content.get("family") if isinstance(content, Mapping) else None


def _peak_memory() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _in_short(facts: Mapping[str, Any]) -> str:
    """Format facts for a log line."""
    shown = [
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in facts.items()
        if isinstance(value, int | float | str)
    ]
    return f": {', '.join(shown)}" if shown else ""
