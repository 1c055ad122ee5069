"""Three hundred short runs from several workers at once on a real database: none is lost, none stays behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("database", ["postgresql", "sqlite"])
def test_no_run_is_lost(database: str) -> None:
    command = [sys.executable, "benchmarks/server.py", "--database", database, "--runs", "300", "--workers", "3"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(PROJECT), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    if done.stderr.startswith("no PostgreSQL here"):
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr[-3000:]
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["states"] == {"COMPLETED": 300}
    assert result["lost"] == 0
