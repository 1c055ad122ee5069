"""The learning rate range test of the small CNN on the GPU and on the CPU: the same choice, and seconds.

    python -m gpu_sections.rates WORK TINY

prints the curve and the choice of the process's own device.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from gpu_sections.context import FULL, TINY, Context, timed
from gpu_sections.other_device import ON_CPU, ON_GPU
from gpu_sections.small_training import examples_of, recipe_of, shared_device
from rakuten.catalogue.classes import NUM_CLASSES
from rakuten.determinism import make_reproducible
from rakuten.errors import InputError
from rakuten.models.building import build_model
from rakuten.outputs.parent_death_signal import die_with_parent
from rakuten.recipes import rate_finder
from rakuten.training.lr_finder.range_test import range_test
from rakuten.training.lr_finder.rate_choice import choose_rate

# Rates whose losses are compared: beyond them rounding has grown into other numbers.
COMPARED = 50


def run(context: Context) -> None:
    """Both devices at once; they do not share a resource that matters here."""
    processes = {name: _start(context, device) for name, device in (("gpu", ON_GPU), ("cpu", ON_CPU))}
    found: dict[str, dict[str, Any]] = {}
    for name, process in processes.items():
        stdout, stderr = process.communicate()
        lines = [line for line in stdout.splitlines() if line.startswith('{"losses"')]
        if not lines:
            context.emit(device=name, error=stderr.strip()[-500:])
            continue
        found[name] = json.loads(lines[0])
        context.emit(device=name, **{key: value for key, value in found[name].items() if key != "losses"})
    if len(found) < len(processes):
        return
    losses = [np.array(found[name]["losses"][:COMPARED]) for name in ("gpu", "cpu")]
    shared = min(map(len, losses))
    difference = float(np.max(np.abs(losses[0][:shared] / losses[1][:shared] - 1)))
    chosen = [found[name]["rate"] for name in ("gpu", "cpu")]
    factor = max(chosen) / min(chosen) if all(chosen) else None
    context.emit(same_choice=chosen[0] == chosen[1], factor=factor, largest_relative_loss_difference=difference)


def _start(context: Context, device: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "gpu_sections.rates", str(context.work), str(int(context.scale.is_tiny))],
        cwd=Path(__file__).parents[1],
        env={**os.environ, **shared_device(tiny=context.scale.is_tiny), **device},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )


def main() -> None:
    """One range test on this process's device."""
    tiny = bool(int(sys.argv[2]))
    context = Context("rates", Path(sys.argv[1]), TINY if tiny else FULL)
    recipe = recipe_of("small_cnn", tiny=tiny)
    examples, shape = examples_of(context, recipe)
    finder = rate_finder("batch", context.scale.rate_steps)
    make_reproducible(recipe.seed)
    model = build_model(recipe, NUM_CLASSES, shape)
    train = examples.rows(examples.indices("train"))
    with tempfile.TemporaryDirectory() as scratch, timed() as clock:
        tested = range_test(model, train, recipe.fit, finder, seed=recipe.seed, scratch=Path(scratch))
    content = {"losses": tested.losses.tolist(), "steps": tested.steps, "seconds": clock.seconds}
    try:
        choice = choose_rate(tested.rates, tested.losses, finder.smoothing)
        content |= {"rate": choice.rate, "why": choice.why}
    except InputError as error:
        content |= {"rate": None, "why": str(error)}
    # The last loss may be infinite, which no JSON holds.
    content["losses"] = [loss for loss in content["losses"] if np.isfinite(loss)]
    print(json.dumps(content), flush=True)


if __name__ == "__main__":
    main()
