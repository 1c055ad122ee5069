"""Stage output: a folder named by its cache key, with a manifest of the digest of each file."""

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from rakuten.errors import OutputError
from rakuten.outputs.atomic import require_regular

MANIFEST = "manifest.json"

# Subfolder for temporary files of a running stage (checkpoints); removed on commit.
SCRATCH = "scratch"


class FileRecord(BaseModel):
    """Size in bytes and SHA-256 of one file of an output."""

    model_config = ConfigDict(frozen=True)

    size: int
    sha256: str


class Manifest(BaseModel):
    """Manifest of a committed output.

    Attributes:
        key: Cache key.
        identity: Content of the key (`Stage.identity`).
        files: All files, by path relative to the output's folder.
        facts: Figures reported by the stage: rows read, images decoded, epochs trained.
        started: Start, ISO 8601 with time zone.
        seconds: Wall time of the completed attempt.
        attempts: Number of attempts, including interrupted ones.
        host, python, process: Host name, Python version and process of the completed attempt.
        peak_memory: Peak memory in bytes of the process; of the stage alone if it ran in a subprocess.
        digest: SHA-256 of all other fields; if it does not match, the manifest counts as damaged.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    identity: dict[str, Any]
    files: dict[str, FileRecord]
    facts: dict[str, Any]
    started: str
    seconds: float
    attempts: int
    host: str
    python: str
    process: int
    peak_memory: int
    digest: str = ""

    def signed(self) -> Self:
        """Copy with the digest of its content."""
        return self.model_copy(update={"digest": self._content_digest()})

    @property
    def is_intact(self) -> bool:
        """True if the digest matches the content."""
        return self.digest == self._content_digest()

    def _content_digest(self) -> str:
        return hashlib.sha256(self.model_dump_json(exclude={"digest"}).encode()).hexdigest()


@dataclass(frozen=True)
class StageOutput:
    """Reference to a committed output; passed between tasks in place of frames, arrays or models.

    Attributes:
        key: Cache key, `<stage>-v<version>-<hash>`.
        folder: Folder on this machine; never part of a key.
    """

    key: str
    folder: Path

    @property
    def manifest(self) -> Manifest:
        """Manifest, read from disk on every access.

        Raises:
            OutputError: If it is missing or unreadable.
        """
        path = self.folder / MANIFEST
        try:
            require_regular(path)
            return Manifest.model_validate_json(path.read_bytes())
        except (OSError, ValueError) as error:
            raise OutputError(f"{self.key}: manifest {path} cannot be read: {error}") from error

    @property
    def facts(self) -> dict[str, Any]:
        """Figures reported by the stage."""
        return self.manifest.facts

    def file(self, name: str) -> Path:
        """Path of a file of the output.

        Raises:
            OutputError: If the output has no such file.
        """
        path = self.folder / name
        if not path.is_file():
            raise OutputError(f"{self.key} has no file {name!r}; it has {sorted(self.manifest.files)}")
        return path

    def read_json(self, name: str) -> Any:
        """Read a JSON file of the output."""
        return json.loads(self.file(name).read_text("utf-8"))


# In-process cache of file digests. The key has the change time (ctime), which programs cannot set, unlike the
# modification time (mtime), which `cp -p` and `rsync -t` preserve.
_digested: dict[tuple[str, int, int, int, int], str] = {}


def file_digest(path: Path) -> FileRecord:
    """Size and SHA-256 of a file."""
    status = path.stat()
    identity = (str(path), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    if identity not in _digested:
        with path.open("rb") as stream:
            _digested[identity] = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileRecord(size=status.st_size, sha256=_digested[identity])


def list_files(folder: Path) -> list[str]:
    """Sorted relative paths of an output's files, without manifest and scratch."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(name.as_posix() for name in names if name.parts[0] not in (SCRATCH, MANIFEST))


def find_damage(output: StageOutput) -> str | None:
    """First difference between an output's files and its manifest; None if the output is intact."""
    try:
        manifest = output.manifest
    except OutputError as error:
        return str(error)
    if manifest.key != output.key:
        return f"its manifest is that of {manifest.key}"
    if not manifest.is_intact:
        return "its manifest was changed after it was written"
    unlisted = set(list_files(output.folder)) - manifest.files.keys()
    if unlisted:
        return f"its manifest does not list {min(unlisted)}"
    return next(
        (damage for damage in map(partial(_file_damage, output.folder), manifest.files.items()) if damage), None
    )


def _file_damage(folder: Path, item: tuple[str, FileRecord]) -> str | None:
    name, expected = item
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        return f"its manifest lists {name!r}, which is outside of it"
    path = folder / name
    try:
        if path.is_symlink():
            return f"{name} is a link; expected the file itself"
        size = path.stat().st_size
        if not path.is_file():
            return f"{name} is no file"
        if size != expected.size:
            return f"{name} has {size} bytes, expected {expected.size}"
        if file_digest(path) != expected:
            return f"{name} has another content than when it was committed"
    except OSError as error:
        return f"{name} cannot be read: {error.strerror}"
    return None
