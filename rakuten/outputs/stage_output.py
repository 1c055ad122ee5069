"""The product of a stage: a folder of files under the stage's key, and the manifest that makes it exist."""

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

# What a stage keeps here while it works (checkpoints) is dropped when its output is committed.
SCRATCH = "scratch"


class FileRecord(BaseModel):
    """Size in bytes and SHA-256 of one file of an output."""

    model_config = ConfigDict(frozen=True)

    size: int
    sha256: str


class Manifest(BaseModel):
    """What is known of a committed output.

    Attributes:
        key: The output's name.
        identity: What the key was made of (`Stage.identity`).
        files: Every file, by path relative to the output's folder.
        facts: Figures the stage reported: rows read, images decoded, epochs trained.
        started: When work began, ISO 8601 with zone.
        seconds: Wall time of the attempt that finished it.
        attempts: 1, or more where earlier attempts were interrupted.
        host, python, process: Where it was made.
        peak_memory: Bytes; of the process that ran the stage, so of the stage alone where that was its own process.
        digest: SHA-256 of all other fields; a manifest whose digest does not match counts as damaged.
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
        """The same manifest with the digest of its content."""
        return self.model_copy(update={"digest": self._content_digest()})

    @property
    def is_intact(self) -> bool:
        """Whether the digest matches the content."""
        return self.digest == self._content_digest()

    def _content_digest(self) -> str:
        return hashlib.sha256(self.model_dump_json(exclude={"digest"}).encode()).hexdigest()


@dataclass(frozen=True)
class StageOutput:
    """A committed output. Small: tasks hand each other these, never frames, arrays or models.

    Attributes:
        key: `<stage>-v<version>-<hash>`.
        folder: Where its files are on this machine; never part of a key.
    """

    key: str
    folder: Path

    @property
    def manifest(self) -> Manifest:
        """The manifest, read anew.

        Raises:
            OutputError: If there is none or it cannot be read.
        """
        path = self.folder / MANIFEST
        try:
            require_regular(path)
            return Manifest.model_validate_json(path.read_bytes())
        except (OSError, ValueError) as error:
            raise OutputError(f"{self.key}: manifest {path} cannot be read: {error}") from error

    @property
    def facts(self) -> dict[str, Any]:
        """Figures the stage reported of its work."""
        return self.manifest.facts

    def file(self, name: str) -> Path:
        """The path of one of the output's files.

        Raises:
            OutputError: If the output has no such file.
        """
        path = self.folder / name
        if not path.is_file():
            raise OutputError(f"{self.key} has no file {name!r}; it has {sorted(self.manifest.files)}")
        return path

    def read_json(self, name: str) -> Any:
        """The content of one of the output's JSON files."""
        return json.loads(self.file(name).read_text("utf-8"))


# A file that was digested and has not been touched since need not be digested again by this process.
# The change time cannot be set by a program, unlike the modification time that `cp -p` and `rsync -t` keep.
_digested: dict[tuple[str, int, int, int, int], str] = {}


def file_digest(path: Path) -> FileRecord:
    """Size and SHA-256 of a file.

    Raises:
        OSError: If it cannot be read.
    """
    status = path.stat()
    identity = (str(path), status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    if identity not in _digested:
        with path.open("rb") as stream:
            _digested[identity] = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileRecord(size=status.st_size, sha256=_digested[identity])


def list_files(folder: Path) -> list[str]:
    """Relative names of an output's own files, manifest and scratch left out, sorted."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(name.as_posix() for name in names if name.parts[0] not in (SCRATCH, MANIFEST))


def find_damage(output: StageOutput) -> str | None:
    """The first difference between an output's files and its manifest; None: every file is as the manifest lists it."""
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
