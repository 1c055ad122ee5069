"""Stages in subprocesses with their own memory, threads and GPU; a crash fails that stage only.

The parent starts `python -m rakuten.outputs.subprocess_runner`, writes the request to its standard input and reads one
JSON object per line: log records, progress, and last the key of the result or the error. Any other output of the
subprocess (TensorFlow's own lines, a traceback) is logged at debug level and quoted in the error if it crashes. The
kernel kills the subprocess when the thread that started it ends, so a killed run leaves no process that still writes.
"""

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from rakuten import errors
from rakuten.errors import OutputError, RakutenError, StageProcessError
from rakuten.gpus import keras_backend, require_visible_gpu
from rakuten.outputs.json_codec import decode, encode
from rakuten.outputs.parent_death_signal import die_with_parent
from rakuten.outputs.progress import Progress, listening, report_progress
from rakuten.outputs.stage_output import StageOutput
from rakuten.outputs.store import OutputStore
from rakuten.stages import Stage, stage_named

logger = logging.getLogger(__name__)

LAST_LINES = 15


@dataclass(frozen=True)
class Resources:
    """Resource limits of a stage's subprocess.

    Attributes:
        threads: Number of CPU threads of numeric libraries.
        gpu: CUDA device number; None: no GPU is visible.
    """

    threads: int
    gpu: int | None = None

    def environment(self) -> dict[str, str]:
        """Environment variables that numeric libraries read on import."""
        threads = str(self.threads)
        return {
            "OMP_NUM_THREADS": threads,
            "OPENBLAS_NUM_THREADS": threads,
            "TF_NUM_INTRAOP_THREADS": threads,
            "TF_NUM_INTEROP_THREADS": threads,
            "TF_CPP_MIN_LOG_LEVEL": "2",
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",
            "KERAS_BACKEND": keras_backend(),
            "CUDA_VISIBLE_DEVICES": "" if self.gpu is None else str(self.gpu),
            "PYTHONUNBUFFERED": "1",
        }


def run_in_child(
    store: OutputStore, stage: Stage[...], inputs: dict[str, Any], resources: Resources, *, called: str = ""
) -> StageOutput:
    """Run `store.run(stage, **inputs)` in a subprocess; its logs and progress are forwarded.

    Args:
        store: Output store.
        stage: Stage, importable by its function name.
        inputs: Arguments of the stage.
        resources: Resource limits.
        called: Display name in log lines; "": name of the stage.

    Raises:
        RakutenError: Error of this project raised by the stage.
        GpuError: If the stage uses Keras with a GPU, and the backend sees none.
        StageProcessError: If the subprocess crashed or raised any other exception.
    """
    request = {
        "stage": stage.reference,
        "outputs": str(store.folder),
        "gpu": resources.gpu,
        "inputs": {name: encode(value) for name, value in inputs.items()},
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "rakuten.outputs.subprocess_runner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **resources.environment()},
        preexec_fn=die_with_parent,
    )
    try:
        return _follow(process, store, called or stage.name, json.dumps(request))
    finally:
        process.kill()
        process.wait()


def _follow(process: "subprocess.Popen[str]", store: OutputStore, called: str, request: str) -> StageOutput:
    assert process.stdin is not None
    assert process.stdout is not None
    # A subprocess that crashed at once has closed the pipe; the crash is reported below.
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(request + "\n")
        process.stdin.close()
    last_lines: deque[str] = deque(maxlen=LAST_LINES)
    answer: dict[str, Any] = {}
    for line in process.stdout:
        message = _parse(line)
        if message is None:
            last_lines.append(line.rstrip())
            logger.debug("%s: %s", called, line.rstrip())
        elif "progress" in message:
            report_progress(*message["progress"])
        elif "log" in message:
            logging.getLogger(message["logger"]).log(message["level"], "%s: %s", called, message["log"])
        else:
            answer = message
    code = process.wait()
    if "key" in answer:
        return _found(store, answer["key"])
    if "error" in answer:
        raise getattr(errors, answer["error"])(answer["message"])
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"
    hint = "; the kernel may have run out of memory" if code == -signal.SIGKILL else ""
    raise StageProcessError(f"{called}: its process {how}{hint}\n" + "\n".join(last_lines))


def _found(store: OutputStore, key: str) -> StageOutput:
    found = store.find(key)
    if found is None:
        raise OutputError(f"the stage's process made {key}, which is not to be found in {store.folder}")
    return found


def _parse(line: str) -> dict[str, Any] | None:
    """Parse a protocol message; None for other output of the subprocess."""
    if not line.startswith("{"):
        return None
    try:
        message = json.loads(line)
    except json.JSONDecodeError:
        return None
    return message if isinstance(message, dict) and message.get("protocol") == "stage" else None


def _say(**message: Any) -> None:
    sys.stdout.write(json.dumps({"protocol": "stage", **message}) + "\n")
    sys.stdout.flush()


class _SayRecords(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _say(log=self.format(record), level=record.levelno, logger=record.name)


def _say_progress(progress: Progress) -> None:
    _say(progress=list(progress))


def main() -> None:
    """Run the stage requested on standard input; see the module docstring."""
    request = json.loads(sys.stdin.readline())
    library = logging.getLogger("rakuten")
    library.setLevel(logging.INFO)
    library.addHandler(_SayRecords())
    library.propagate = False
    inputs = {name: decode(value) for name, value in request["inputs"].items()}
    store = OutputStore(Path(request["outputs"]))
    try:
        chosen = stage_named(request["stage"])
        # Stages without Keras use training slots as well, but need no GPU.
        if request["gpu"] is not None and "keras" in chosen.libraries_of(inputs):
            require_visible_gpu(request["gpu"])
        with listening(_say_progress):
            output = store.run(chosen, **inputs)
    except RakutenError as error:
        _refuse(error)
    _say(key=output.key)


def _refuse(error: RakutenError) -> NoReturn:
    _say(error=type(error).__name__, message=str(error))
    sys.exit(2)


if __name__ == "__main__":
    main()
