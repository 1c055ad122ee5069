"""The command `rakuten` for tests: as a process of its own, and the type of the fixture that runs it in this one."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

RAKUTEN = str(Path(sys.executable).with_name("rakuten"))
# The fixture `rakuten` of commands.py.
Rakuten = Callable[..., Result]


def rakuten_process(*arguments: str, outputs: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with no variables but these."""
    environment = {"RAKUTEN_OUTPUTS": str(outputs), "PATH": "/usr/bin:/bin", "RAKUTEN_WEIGHTS": str(outputs)}
    environment |= variables
    return subprocess.run(
        [RAKUTEN, *arguments], capture_output=True, text=True, env=environment, check=False, timeout=120
    )
