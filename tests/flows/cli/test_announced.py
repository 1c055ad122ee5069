"""On a terminal a command that works shows a line before it imports and checks anything."""

import os
import pty
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from flows.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [(["validate", "--dump", "absent"], True), (["nightly"], True), (["show", "absent"], False)],
    ids=["validate", "nightly", "show"],
)
@pytest.mark.usefixtures("as_command")
def test_a_command_that_works_says_that_it_has_begun(
    arguments: list[str], begins: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAKUTEN_OUTPUTS", str(tmp_path))
    monkeypatch.setenv("RAKUTEN_CATALOGUE", str(tmp_path))
    first, *others = lines_on_a_terminal(arguments)
    if begins:
        assert first == f"rakuten: {arguments[0]} begins …"
        (first,) = others
    assert first.startswith("rakuten: ")
    assert "begins" not in first


def lines_on_a_terminal(arguments: list[str]) -> list[str]:
    """What a command that ends with bad input writes to stderr, which is a terminal."""
    mine, its = pty.openpty()
    try:
        with os.fdopen(its, "w", encoding="utf-8") as terminal, redirect_stderr(terminal):
            with pytest.raises(SystemExit, match=r"^2$"):
                main(arguments)
            terminal.flush()
            return os.read(mine, 10_000).decode().splitlines()
    finally:
        os.close(mine)
