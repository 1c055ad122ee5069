"""The files a page is made with that are no Python: templates, style sheets, published figures."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

LIBRARY = Path(__file__).parents[1]
SHARED = "pages"
SUFFIXES = (".j2", ".css", ".csv")


class OwnFiles(BaseModel):
    """Such files as an input of a stage, whose code digest covers modules only.

    Attributes:
        package: The package of `rakuten` whose page it is; what all pages share counts too.
    """

    model_config = ConfigDict(frozen=True)

    package: str

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where the files are: the package's own folder, then that of all pages."""
        return LIBRARY / self.package, LIBRARY / SHARED

    @property
    def key(self) -> str:
        """Another one as soon as any of the files changes."""
        digest = hashlib.sha256()
        for name, path in self._files():
            content = path.read_bytes()
            digest.update(f"{name}\n{len(content)}\n".encode() + content)
        return f"own-files-{digest.hexdigest()[:20]}"

    def style(self) -> str:
        """All style sheets as one, the shared one first."""
        sheets = [path for folder in reversed(self.folders) for path in sorted(folder.glob("*.css"))]
        return "\n".join(path.read_text("utf-8") for path in sheets)

    def _files(self) -> Iterator[tuple[str, Path]]:
        for folder in self.folders:
            for path in sorted(folder.rglob("*")):
                if path.suffix in SUFFIXES:
                    yield path.relative_to(LIBRARY).as_posix(), path
