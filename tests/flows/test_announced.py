"""On a terminal a command that works shows a line before it imports and checks anything."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

RAKUTEN = str(Path(sys.executable).with_name("rakuten"))


def lines_on_a_terminal(*arguments: str, outputs: Path) -> list[str]:
    mine, its = pty.openpty()
    environment = {"RAKUTEN_OUTPUTS": str(outputs), "PATH": "/usr/bin:/bin", "RAKUTEN_CATALOGUE": str(outputs)}
    try:
        subprocess.run([RAKUTEN, *arguments], stderr=its, env=environment, check=False, timeout=120)
        return os.read(mine, 10_000).decode().splitlines()
    finally:
        os.close(mine)
        os.close(its)


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [(["validate", "--dump", "absent"], True), (["nightly"], True), (["show", "absent"], False)],
    ids=["validate", "nightly", "show"],
)
def test_a_command_that_works_says_that_it_has_begun(arguments: list[str], begins: bool, tmp_path: Path) -> None:
    first, *others = lines_on_a_terminal(*arguments, outputs=tmp_path)
    if begins:
        assert first == f"rakuten: {arguments[0]} begins …"
        (first,) = others
    assert first.startswith("rakuten: ")
    assert "begins" not in first
