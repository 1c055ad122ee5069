"""Errors that end a command: their line, their exit code, and where the traceback is."""

import errno
import logging
from pathlib import Path

import pytest

from flows.cli import failures
from flows.cli.streams import ERRORS, make_streams_tolerant
from rakuten.errors import DumpError, OutputError
from rakuten.pages.terminal import HidesOwnErrors, TerminalFormatter


@pytest.fixture(autouse=True)
def outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "outputs"
    folder.mkdir()
    monkeypatch.setenv("RAKUTEN_OUTPUTS", str(folder))
    return folder


def raised(error: BaseException) -> BaseException:
    """The error with a traceback."""
    try:
        raise error
    except BaseException as caught:
        if caught is not error:
            raise
        return caught


@pytest.mark.parametrize(
    ("error", "line", "code"),
    [
        (DumpError("no dump"), "no dump", 2),
        (OutputError("gone"), "gone", 1),
        (KeyError("plan"), "unexpected KeyError: 'plan'", 1),
        (ValueError("a\nb\nc"), "unexpected ValueError: a", 1),
        (ValueError(), "unexpected ValueError", 1),
        (MemoryError(), "out of memory; fewer slots or a smaller batch_size need less", 1),
        (KeyboardInterrupt(), "interrupted; the same command goes on from here", 130),
        (OSError(errno.EROFS, "Read-only file system", "/data/x"), "/data/x: Read-only file system; name a folder", 1),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device; `rakuten gc", 1),
        (OSError(errno.ELOOP, "Too many levels of symbolic links", "/l"), "/l: Too many levels of symbolic links;", 1),
        (FileNotFoundError(errno.ENOENT, "No usable temporary directory found"), "No usable temporary directory", 1),
        (OSError("no number"), "unexpected OSError: no number", 1),
    ],
)
def test_each_error_is_one_line_with_an_exit_code(
    error: BaseException, line: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert failures.report(raised(error)) == code
    written = capsys.readouterr().err
    assert written.startswith(f"rakuten: {line}")
    assert written.count("\n") == 1


def test_the_traceback_is_in_the_log_of_the_outputs_folder(outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failures.report(raised(KeyError("\udcff plan")))
    log = outputs / "logs" / "errors.log"
    assert f"details in {log}" in capsys.readouterr().err
    text = log.read_text("utf-8")
    assert "Traceback (most recent call last)" in text
    assert "in raised" in text
    assert "KeyError" in text


def test_where_the_outputs_folder_cannot_be_written_the_log_is_in_the_temporary_folder(
    outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs.rmdir()
    monkeypatch.setattr(failures.tempfile, "gettempdir", lambda: str(tmp_path))
    log = failures.write_traceback(raised(KeyError("plan")))
    assert log is not None
    assert log.parent.parent == tmp_path
    assert not outputs.exists()


def test_on_a_full_disk_the_line_is_shown_alone_or_with_a_log_elsewhere(
    outputs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(failures.tempfile, "gettempdir", lambda: str(tmp_path))
    (outputs / "logs").mkdir()
    (outputs / "logs" / "errors.log").symlink_to("/dev/full")
    assert failures.report(raised(OutputError("gone"))) == 1
    assert capsys.readouterr().err == "rakuten: gone\n"
    (elsewhere,) = tmp_path.glob("rakuten-*/errors.log")
    assert "OutputError" in elsewhere.read_text("utf-8")


def test_a_mistake_in_a_command_makes_no_folder(outputs: Path) -> None:
    outputs.rmdir()
    assert failures.write_traceback(raised(DumpError("no dump"))) is None
    assert not outputs.exists()


def test_without_any_place_for_a_log_the_line_is_shown_alone(
    outputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs.rmdir()
    monkeypatch.setattr(failures.tempfile, "gettempdir", lambda: "/proc/absent")
    assert failures.report(raised(KeyError("plan"))) == 1
    assert capsys.readouterr().err == "rakuten: unexpected KeyError: 'plan'\n"


def test_wrong_settings_do_not_hide_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAKUTEN_CPU_SLOTS", "0")
    assert failures.write_traceback(raised(DumpError("no dump"))) is None


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("─ – été … œuvre → 5 €", "- - ete ... oeuvre -> 5 EUR"),
        ("\udcff", "\\xff"),
        ("игра", "????"),
        ("é\xa0!", "e !"),
    ],
)
def test_characters_that_a_terminal_lacks_are_spelt_in_ascii(text: str, spelt: str) -> None:
    make_streams_tolerant()
    assert text.encode("ascii", ERRORS).decode("ascii") == spelt


def test_the_terminal_shows_no_traceback_and_other_handlers_do() -> None:
    error = raised(KeyError("plan"))
    information = (type(error), error, error.__traceback__)
    record = logging.LogRecord("prefect", logging.ERROR, "", 0, "Task run failed", None, information)
    shown = TerminalFormatter(logging.Formatter("%(levelname)s %(message)s")).format(record)
    assert shown == "ERROR Task run failed"
    assert "Traceback" in logging.Formatter().format(record)


def test_control_characters_in_log_lines_are_shown_escaped() -> None:
    record = logging.LogRecord("rakuten", logging.INFO, "", 0, "image %s", ("a\x1b[2J\u202e.jpg",), None)
    assert TerminalFormatter(logging.Formatter("%(message)s")).format(record) == "image a\\x1b[2J\\u202e.jpg"


def test_tasks_that_did_not_run_for_a_failed_one_are_no_lines_of_the_terminal() -> None:
    shown = HidesOwnErrors().filter
    words = "Finished in state NotReady(\"Upstream task run did not reach a 'COMPLETED' state.\", type=PENDING)"
    assert not shown(logging.makeLogRecord({"msg": words}))
    assert shown(logging.makeLogRecord({"msg": "Finished in state Completed()"}))
