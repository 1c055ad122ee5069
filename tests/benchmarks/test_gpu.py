"""The GPU benchmark runs to its end on a CPU, with whichever backend is installed, and an error costs one section."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "gpu.py"


def run_benchmark(output: Path, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Exit code, the lines that were kept, and standard error."""
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--output", str(output), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    kept = (output / "gpu.jsonl").read_text("utf-8").splitlines()
    assert kept == done.stdout.splitlines(), done.stderr
    return done.returncode, [json.loads(line) for line in kept], done.stderr


def test_without_a_gpu_the_run_is_refused_after_its_first_section(tmp_path: Path) -> None:
    code, lines, message = run_benchmark(tmp_path, "--only", "nothing")
    assert code == 1
    assert {line["section"] for line in lines} == {"environment"}
    assert lines[0]["has_gpu"] is False
    assert message == "no GPU that the backend of Keras sees: expected one; --tiny runs without\n"


def test_sections_without_time_are_named(tmp_path: Path) -> None:
    code, lines, _ = run_benchmark(tmp_path, "--tiny", "--seconds", "1")
    assert code == 0
    assert len(lines) > 5
    assert {line["skipped"] for line in lines} == {"out of time"}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_all_sections_give_figures_on_a_cpu(tmp_path: Path) -> None:
    code, lines, _ = run_benchmark(tmp_path, "--tiny", "--seconds", "1500")
    errors = [line for line in lines if "error" in line]
    assert (code, errors) == (0, [])
    figures = [line for line in lines if not line.keys() & {"took_s", "skipped"}]
    sections = {"environment", "photos", "features", "determinism", "range test", "other device", "training tiny"}
    assert sections <= {line["section"] for line in figures}
    (same,) = [line["same_bytes"] for line in lines if "same_bytes" in line]
    assert same
    (training,) = [line for line in lines if "share_of_ceiling" in line]
    assert set(training["ms_a_step"]) >= {"loop", "resident", "ceiling", "gather"}
