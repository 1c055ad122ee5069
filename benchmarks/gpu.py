"""Benchmark on a GPU: training, features, determinism, checkpoints; one JSON line a figure, as soon as it is known.

    python benchmarks/gpu.py --output DIR [--seconds 480] [--only training ...]
    python benchmarks/gpu.py --tiny --output DIR

Each section runs in a subprocess with a time limit of its own: an error, a hang or a lack of memory costs that section
alone. Sections stand in the order of their worth; those for which no time is left are skipped and named. Lines are
printed and appended to DIR/gpu.jsonl; what a section printed besides is in DIR/logs.

Needs no network and neither TensorFlow nor Prefect. On a machine with JAX, CUDA, numpy, pandas, pyarrow, Pillow,
scikit-learn and h5py, Keras and pydantic come from `make gpu-wheels`:

    python3 -m pip install -q --no-index --no-deps --target /tmp/site .wheels/*.whl
    PYTHONPATH=/tmp/site:. python3 benchmarks/gpu.py --output DIR

All images, texts and weights are generated. `--tiny` runs everything on small stand-ins, with or without a GPU.
"""

import argparse
import importlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpu_sections.context import FULL, TINY, Context

from rakuten.outputs.parent_death_signal import die_with_parent

FIGURES = "gpu.jsonl"
LOGS = "logs"
# A section that has less than this cannot even import its libraries.
FEWEST_SECONDS = 12.0
LAST_LINES = 5


@dataclass(frozen=True)
class Section:
    """A part of the benchmark.

    Attributes:
        name: Unique.
        module: Of `gpu_sections`; its `run` is called with a context and `arguments`.
        limit: Seconds.
        arguments: Further arguments of `run`.
        environment: Variables of its process.
        in_tiny: Whether `--tiny` runs it.
    """

    name: str
    module: str
    limit: float
    arguments: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    in_tiny: bool = True


def training(name: str, recipe: str, policy: str, *, flags: str = "", backend: str = "", **arguments: Any) -> Section:
    """A section that measures the training of one network in one way, under these flags of XLA or another backend."""
    variables = {"XLA_FLAGS": flags, "KERAS_BACKEND": backend}
    environment = {variable: value for variable, value in variables.items() if value}
    return Section(name, "training", 110, {"recipe": recipe, "policy": policy, **arguments}, environment, in_tiny=False)


MOBILENET, XCEPTION = "image_mobilenet_v2", "image_xception"
HALF, FULL_PRECISION = "mixed_bfloat16", "float32"
ENVIRONMENT = Section("environment", "environment", 60)
SECTIONS = (
    ENVIRONMENT,
    Section("photos", "photos", 90),
    training("training mobilenet_v2 bfloat16", MOBILENET, HALF),
    training("training xception bfloat16", XCEPTION, HALF, with_checkpoints=True),
    Section("features", "features", 150),
    Section("determinism", "determinism", 130, {"names": ["deterministic", "default"]}),
    Section("transformer", "transformer", 60),
    training("training mobilenet_v2 float32", MOBILENET, FULL_PRECISION),
    Section("other device", "other_device", 90),
    Section("range test", "rates", 90),
    training("training xception float32", XCEPTION, FULL_PRECISION),
    training("training mobilenet_v2 bfloat16 deterministic", MOBILENET, HALF, flags="--xla_gpu_deterministic_ops=true"),
    training("training xception bfloat16 without augmentation", XCEPTION, HALF, augmented=False),
    training("training mobilenet_v2 bfloat16 batch 256", MOBILENET, HALF, batch_size=256),
    training("training mobilenet_v2 bfloat16 torch", MOBILENET, HALF, backend="torch"),
    Section("determinism with tuning", "determinism", 110, {"names": ["exclude_nondeterministic"]}, in_tiny=False),
)
# The small stand-in for all sections that train a backbone.
TINY_TRAINING = training("training tiny", MOBILENET, HALF, with_checkpoints=True, batch_size=8)


class Report:
    """The lines of a run: printed at once, and kept in a file.

    Args:
        output: Folder of the file.
    """

    def __init__(self, output: Path) -> None:
        (output / LOGS).mkdir(parents=True, exist_ok=True)
        self.output = output
        self._file = (output / FIGURES).open("a", encoding="utf-8")

    def add(self, line: str) -> None:
        """Print a line of JSON and keep it."""
        for stream in (sys.stdout, self._file):
            stream.write(line + "\n")
            stream.flush()

    def note(self, section: str, **content: Any) -> None:
        """Add a line about a section."""
        self.add(json.dumps({"section": section, **content}))


def run_section(section: Section, work: Path, report: Report, seconds: float, *, tiny: bool) -> list[dict[str, Any]]:
    """Run a section in a process of its own, and forward its lines.

    Returns:
        Its figures; none where it failed.
    """
    found: list[dict[str, Any]] = []
    log = report.output / LOGS / f"{section.name.replace(' ', '_')}.log"
    command = [sys.executable, __file__, "--section", section.name, "--work", str(work), *(["--tiny"] if tiny else [])]
    start = time.monotonic()
    with log.open("w", encoding="utf-8") as stderr:
        process = subprocess.Popen(
            command,
            env={**os.environ, **section.environment},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        ended = threading.Timer(seconds, _end, [process])
        ended.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith('{"section"'):
                    report.add(line.rstrip())
                    found.append(json.loads(line))
                else:
                    stderr.write(line)
            code = process.wait()
        finally:
            ended.cancel()
            _end(process)
    took = time.monotonic() - start
    if took >= seconds:
        report.note(section.name, error=f"ended after its limit of {seconds:.0f} s")
    elif code:
        lines = [line for line in log.read_text("utf-8", errors="replace").splitlines() if line.strip()]
        report.note(section.name, error=f"exit code {code}", last_lines=[line[:300] for line in lines[-LAST_LINES:]])
    report.note(section.name, took_s=round(took, 1))
    return found


def _end(process: "subprocess.Popen[str]") -> None:
    """Kill a section with all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def run_all(report: Report, sections: list[Section], seconds: float, *, tiny: bool) -> int:
    """Run all sections, the environment first.

    Returns:
        Exit code: 1 without a GPU, or if a section failed where it must not (`--tiny`).
    """
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        os.environ.update(_environment(work))
        for section in sections:
            left = seconds - (time.monotonic() - start)
            if left < FEWEST_SECONDS:
                report.note(section.name, skipped="out of time")
                continue
            limit = left if tiny else min(section.limit, left)
            found = run_section(section, work, report, limit, tiny=tiny)
            if section is ENVIRONMENT and not tiny and not any(line.get("has_gpu") for line in found):
                print("no GPU that the backend of Keras sees: expected one; --tiny runs without", file=sys.stderr)
                return 1
    lines = (report.output / FIGURES).read_text("utf-8").splitlines()
    return int(tiny and any("error" in json.loads(line) for line in lines))


def _environment(work: Path) -> dict[str, str]:
    """Variables of all sections: what one has compiled the next ones find."""
    own = Path(__file__).resolve().parents[1]
    return {
        "KERAS_BACKEND": os.environ.get("KERAS_BACKEND")
        or ("jax" if importlib.util.find_spec("jax") else "tensorflow"),
        "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(own)])),
        "JAX_COMPILATION_CACHE_DIR": str(work / "compiled"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONUNBUFFERED": "1",
    }


def run_here(name: str, work: Path, *, tiny: bool) -> None:
    """Run a section in this process."""
    section = next(section for section in (*SECTIONS, TINY_TRAINING) if section.name == name)
    run: Callable[..., None] = importlib.import_module(f"gpu_sections.{section.module}").run
    run(Context(name, work, TINY if tiny else FULL), **section.arguments)
    # Compilations that were not waited for would hold the process up.
    sys.stdout.flush()
    os._exit(0)


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("gpu_figures"), help="folder of gpu.jsonl and logs")
    parser.add_argument("--seconds", type=float, default=480, help="time of all sections together (default: 480)")
    parser.add_argument("--tiny", action="store_true", help="small stand-ins, on a CPU as well")
    parser.add_argument("--only", nargs="+", metavar="WORD", help="sections whose name has one of these words")
    parser.add_argument("--section", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.section:
        run_here(arguments.section, arguments.work, tiny=arguments.tiny)
    tiny = [*(section for section in SECTIONS if section.in_tiny), TINY_TRAINING]
    sections = tiny if arguments.tiny else list(SECTIONS)
    if arguments.only:
        needed = ("environment", "photos")
        words = (*needed, *arguments.only)
        sections = [section for section in sections if any(word in section.name for word in words)]
    return run_all(Report(arguments.output), sections, arguments.seconds, tiny=arguments.tiny)


if __name__ == "__main__":
    sys.exit(main())
