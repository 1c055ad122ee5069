"""The files a report is made with that are no Python: template, style sheet, published figures."""

import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict

FOLDER = Path(__file__).parent
SUFFIXES = (".j2", ".css", ".csv")


class OwnFiles(BaseModel):
    """Those files as an input of a stage, whose code digest covers modules only."""

    model_config = ConfigDict(frozen=True)

    @property
    def key(self) -> str:
        """Another one as soon as any of the files changes."""
        digest = hashlib.sha256()
        for path in sorted(path for path in FOLDER.rglob("*") if path.suffix in SUFFIXES):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(FOLDER).as_posix()}\n{len(content)}\n".encode() + content)
        return f"own-files-{digest.hexdigest()[:20]}"


OWN_FILES = OwnFiles()
