"""Path validation for user input: one-line reasons why a path is not the expected file or folder."""

import difflib
import errno
from collections.abc import Iterable
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from rakuten.errors import InputError

_KINDS = ((S_ISDIR, "a folder"), (S_ISREG, "a file"))


def named_path(text: str) -> Path:
    """Convert user input to an absolute path, with `~` expanded.

    Raises:
        InputError: If the text is blank, or the home folder or the current folder does not exist.
    """
    if not text.strip():
        raise InputError("a path is blank")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise InputError(f"{text}: there is no such home folder; give an absolute path") from error
    except FileNotFoundError as error:
        raise InputError("the current folder does not exist any more; change to one that does") from error


def why_no_folder(path: Path) -> str | None:
    """Reason why a path is not a folder, e.g. `does not exist; did you mean data?`; None if it is one."""
    return _why_not(path, "a folder")


def why_no_file(path: Path) -> str | None:
    """Reason why a path is not a regular file; None if it is one."""
    return _why_not(path, "a file")


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """Spelling suggestion, e.g. `; did you mean 'text_dnn'?`; "" if no known name is close.

    The prefix is part of the suggestion, but not of the comparison.
    """
    names = list(known)
    folded = {each.lower(): each for each in names}
    close = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.6)
    return f"; did you mean {prefix + folded[close[0]]!r}?" if close else ""


def _why_not(path: Path, wanted: str) -> str | None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return _why_unreachable(path, error)
    found = next((kind for is_kind, kind in _KINDS if is_kind(mode)), "neither a file nor a folder")
    return None if found == wanted else f"is {found}, expected {wanted}"


def _why_unreachable(path: Path, error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "is a link that leads to itself"
    if error.errno == errno.ENOENT and path.is_symlink():
        return f"is a link to {path.readlink()}, which does not exist"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return f"does not exist{_neighbour(path)}"
    return f"cannot be read: {error.strerror}"


def _neighbour(path: Path) -> str:
    """Spelling suggestion from the names in the same folder."""
    try:
        names = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return ""
    return did_you_mean(path.name, names)
