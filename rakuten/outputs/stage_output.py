"""The product of a stage: a folder of files under the stage's key, and the manifest that makes it exist."""

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from rakuten.errors import OutputError

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


class StageOutput(BaseModel):
    """A committed output. Small: tasks hand each other these, never frames, arrays or models.

    Attributes:
        key: `<stage>-v<version>-<hash>`.
        folder: Where its files are on this machine; never part of a key.
    """

    model_config = ConfigDict(frozen=True)

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
_digested: dict[tuple[str, int, int, int], str] = {}


def file_digest(path: Path) -> FileRecord:
    """Size and SHA-256 of a file.

    Raises:
        OSError: If it cannot be read.
    """
    status = path.stat()
    identity = (str(path), status.st_ino, status.st_size, status.st_mtime_ns)
    if identity not in _digested:
        with path.open("rb") as stream:
            _digested[identity] = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileRecord(size=status.st_size, sha256=_digested[identity])


def list_files(folder: Path) -> list[str]:
    """Relative names of an output's own files, manifest and scratch left out, sorted."""
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(name.as_posix() for name in names if name.parts[0] not in (SCRATCH, MANIFEST))


def find_damage(output: StageOutput) -> str | None:
    """What is wrong with an output's files, or None where all are as the manifest says."""
    try:
        manifest = output.manifest
    except OutputError as error:
        return str(error)
    if manifest.key != output.key:
        return f"its manifest is that of {manifest.key}"
    for name, expected in manifest.files.items():
        path = output.folder / name
        try:
            size = path.stat().st_size
        except OSError as error:
            return f"{name} cannot be read: {error.strerror}"
        if size != expected.size:
            return f"{name} has {size} bytes, expected {expected.size}"
        if file_digest(path) != expected:
            return f"{name} has another content than when it was committed"
    return None
