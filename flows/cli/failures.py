"""Errors that end a command: one line for the terminal, an exit code, and the traceback in a log file."""

import contextlib
import errno
import logging
import os
import select
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

from rakuten.errors import InputError, RakutenError

FAILURE = 1
BAD_INPUT = 2
INTERRUPTED = 130
CLOSED_PIPE = 141
TERMINATED = 143

LOGS = "logs"
LOG = "errors.log"
MAX_BYTES, BACKUPS = 1_000_000, 3

# Remedies where the system's own words hold none.
_REMEDIES = {
    errno.ENOSPC: "`rakuten gc --keep SIZE` makes room",
    errno.EDQUOT: "`rakuten gc --keep SIZE` makes room",
    errno.EROFS: "name a folder that can be written to, e.g. in RAKUTEN_OUTPUTS",
    errno.EACCES: "give this user the right to it, or name another one",
    errno.EPERM: "give this user the right to it, or name another one",
    errno.EMFILE: "raise the limit with `ulimit -n`",
    errno.ELOOP: "remove the link",
}


def report(error: BaseException) -> int:
    """Print an error as one line on stderr, its traceback into the log file.

    Returns:
        The exit code: 2 for what the user gave, 1 for all else; 128 and the signal where one ended the command.
    """
    if isinstance(error, BrokenPipeError) and _is_output_closed():
        # `rakuten runs | head -1`: whoever read has all that was wanted.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLOSED_PIPE
    line, code = describe(error)
    log = write_traceback(error)
    if log is not None and not isinstance(error, RakutenError | KeyboardInterrupt):
        line += f"; details in {log}"
    print(f"rakuten: {line}", file=sys.stderr)
    return code


def describe(error: BaseException) -> tuple[str, int]:
    """The line and the exit code of an error."""
    if isinstance(error, RakutenError):
        return str(error), BAD_INPUT if isinstance(error, InputError) else FAILURE
    if isinstance(error, KeyboardInterrupt):
        return "interrupted; the same command goes on from here", INTERRUPTED
    # Prefect's; its module is not imported for the sake of a name.
    if type(error).__name__ == "TerminationSignal":
        return "ended by SIGTERM; the same command goes on from here", TERMINATED
    if isinstance(error, MemoryError):
        return "out of memory; fewer slots or a smaller batch_size need less", FAILURE
    if isinstance(error, OSError) and error.errno is not None:
        return _describe_system(error), FAILURE
    words = str(error).strip().splitlines()
    return f"unexpected {type(error).__name__}{f': {words[0]}' if words else ''}", FAILURE


def write_traceback(error: BaseException) -> Path | None:
    """Append the traceback to `<outputs>/logs/errors.log`, or to the temporary folder where that cannot be written.

    Returns:
        The file; None where neither can be written, or a mere mistake in the command would make the outputs folder.
    """
    if isinstance(error, KeyboardInterrupt):
        return None
    text = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, pid {os.getpid()}: {' '.join(sys.argv)}\n"
    text += "".join(traceback.format_exception(error))
    for folder in _log_folders(isinstance(error, InputError)):
        try:
            folder.mkdir(exist_ok=True)
            handler = _ErrorLog(
                folder / LOG, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8", errors="backslashreplace"
            )
            with contextlib.closing(handler):
                handler.emit(logging.makeLogRecord({"msg": text}))
        except OSError:
            continue
        return folder / LOG
    return None


class _ErrorLog(RotatingFileHandler):
    """A log that raises what keeps it from being written (a full disk) instead of printing it."""

    def handleError(self, record: logging.LogRecord) -> None:
        raise


def _log_folders(is_input: bool) -> list[Path]:
    from rakuten.settings import Settings

    folders = []
    # The settings may be what is wrong, and the temporary folder what is missing.
    with contextlib.suppress(RakutenError):
        outputs = Settings().outputs_folder
        if outputs.is_dir():
            folders.append(outputs / LOGS)
    with contextlib.suppress(OSError):
        if not is_input:
            folders.append(Path(tempfile.gettempdir()) / f"rakuten-{os.getuid()}")
    return folders


def _describe_system(error: OSError) -> str:
    names = " to ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
    words = f"{names}: {error.strerror}" if names else str(error.strerror)
    remedy = _REMEDIES.get(error.errno or 0)
    return f"{words}; {remedy}" if remedy else words


def _is_output_closed() -> bool:
    """Has the reader of stdout gone away?"""
    watched = select.poll()
    watched.register(sys.stdout.fileno(), 0)
    return bool(watched.poll(0))
