"""A small training in a process of its own, which can kill itself on the way; prints one JSON line.

    python -m gpu_sections.small_training '{"work": …, "out": …, "network": "small_cnn", "kill_at": 90, "tiny": false}'

`small_cnn` has augmentation, dropout and BatchNormalization, in float32; `backbone` is a narrow MobileNetV2 in the
precision that suits the device.
"""

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gpu_sections.context import FULL, TINY, Context
from gpu_sections.device import weights_from_numpy
from gpu_sections.photos import Photos
from rakuten.outputs.parent_death_signal import die_with_parent
from rakuten.recipes import Augmentation, Backbone, FitSettings, ImageBackboneRecipe, ImageNetworkRecipe, load_recipe
from rakuten.training.examples import Examples
from rakuten.training.networks.checkpoints import CHECKPOINT_SECONDS
from rakuten.training.networks.network import train_network

# Steps that compile, or come before the pace is steady.
WARM_UP = 20


@dataclass(frozen=True)
class Training:
    """One attempt at a training.

    Attributes:
        work: Folder that all sections share.
        out: Output folder; an interrupted attempt's checkpoints are found there.
        network: "small_cnn" or "backbone".
        tiny: Sizes for a CPU.
        kill_at: Gather after which the process kills itself, counted from 1; 0: it does not.
    """

    work: str
    out: str
    network: str
    tiny: bool
    kill_at: int = 0

    def start(self, environment: Mapping[str, str]) -> "subprocess.Popen[str]":
        """Start the attempt with these variables besides those of processes that share the device."""
        return subprocess.Popen(
            [sys.executable, "-m", "gpu_sections.small_training", json.dumps(self.__dict__)],
            cwd=Path(__file__).parents[1],
            env={**os.environ, **shared_device(tiny=self.tiny), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
        )


def shared_device(*, tiny: bool) -> dict[str, str]:
    """Variables of processes that share the device, and no compiled code: what one tunes, the next tunes again.

    On a CPU nothing is tuned, and compiled code is shared.
    """
    return {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "JAX_ENABLE_COMPILATION_CACHE": str(tiny).lower()}


def outcome(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The figures of an attempt; its exit code and last lines where it has none."""
    stdout, stderr = process.communicate()
    for line in stdout.splitlines():
        if line.startswith('{"training"'):
            found: dict[str, Any] = json.loads(line)["training"]
            return found
    last = [line for line in stderr.splitlines() if line.strip()][-3:]
    return {"exit": process.returncode, "last_lines": [line[:300] for line in last]}


def recipe_of(network: str, *, tiny: bool) -> ImageNetworkRecipe | ImageBackboneRecipe:
    """The recipe of a small training."""
    scale = TINY if tiny else FULL
    fit = FitSettings(batch_size=8 if tiny else 32, epochs=scale.small_epochs, learning_rate=1e-3)
    changes: dict[str, Any]
    if network == "backbone":
        size = scale.image_sizes[1]
        found = load_recipe("image_mobilenet_v2")
        assert isinstance(found, ImageBackboneRecipe)
        backbone = Backbone(name="MobileNetV2", input_size=size, alpha=0.35, weights="random")
        changes = {
            "backbone": backbone,
            "fit": fit.model_copy(update={"epochs": 1}),
            "augmentation": Augmentation(flip="horizontal"),
            "unfrozen_layers": 0 if tiny else 20,
        }
        return found.model_copy(update=changes)
    recipe = load_recipe("image_small_cnn")
    assert isinstance(recipe, ImageNetworkRecipe)
    changes = {"fit": fit, "input_size": scale.image_sizes[0]}
    if tiny:
        changes["architecture"] = {"filters": 4, "blocks": 2, "dropout": 0.3}
    return recipe.model_copy(update=changes)


def examples_of(context: Context, recipe: ImageNetworkRecipe | ImageBackboneRecipe) -> tuple[Examples, tuple[int, ...]]:
    """As many train rows as the scale's steps need, and some to validate and test on."""
    photos = Photos(context, recipe.input_size)
    batch = recipe.fit.batch_size
    counts = {"train": batch * context.scale.small_steps, "validation": 4 * batch, "test": 2 * batch}
    return photos.examples(counts), photos.shape


class _Pace:
    """Kills the process at a gather, and times the steps."""

    def __init__(self, examples: Examples, kill_at: int) -> None:
        self.starts: list[float] = []
        self._gather = examples.gather
        self._kill_at = kill_at

    def gather(self, indices: npt.NDArray[np.int64]) -> Any:
        """The examples' own gather."""
        self.starts.append(time.perf_counter())
        if len(self.starts) == self._kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._gather(indices)


class _Messages(logging.Handler):
    """Keeps the library's warnings and where it resumed."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record that says more than an epoch's scores."""
        line = record.getMessage()
        if record.levelno >= logging.WARNING or line.startswith("resumed"):
            self.lines.append(line[:300])


def main() -> None:
    """Train as the first argument says."""
    wanted = Training(**json.loads(sys.argv[1]))
    context = Context("small_training", Path(wanted.work), TINY if wanted.tiny else FULL)
    recipe = recipe_of(wanted.network, tiny=wanted.tiny)
    examples, shape = examples_of(context, recipe)
    pace, messages = _Pace(examples, wanted.kill_at), _Messages()
    library = logging.getLogger("rakuten")
    library.setLevel(logging.INFO)
    library.addHandler(messages)
    # The small CNN draws its weights as a real training does.
    drawn = weights_from_numpy() if wanted.network == "backbone" else contextlib.nullcontext()
    with drawn:
        facts = train_network(
            Path(wanted.out),
            recipe,
            replace(examples, gather=pace.gather),
            shape,
            # A kill has to find a checkpoint; a training that is timed must not stop for one.
            checkpoint_seconds=0 if wanted.kill_at else CHECKPOINT_SECONDS,
        )
    steps = np.diff(pace.starts)[WARM_UP:]
    found = {
        "resumed_from_step": facts["resumed_from_step"],
        "ms_a_step": 1000 * float(np.median(steps)) if len(steps) else None,
        "messages": messages.lines,
    }
    print(json.dumps({"training": found}), flush=True)


if __name__ == "__main__":
    main()
