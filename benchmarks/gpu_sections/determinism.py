"""Equal bytes after a kill: the small CNN killed and resumed against uninterrupted, deterministic kernels on and off.

No process shares compiled code with another: what one compiles, chooses or tunes has to be chosen again by the next.
"""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gpu_sections.context import Context
from gpu_sections.small_training import Training, outcome

# Names of XLA's choices → its flags.
MODES = {
    "deterministic": "--xla_gpu_deterministic_ops=true",
    "exclude_nondeterministic": "--xla_gpu_exclude_nondeterministic_ops=true",
    "default": "",
}
FILES = ("model.keras", "recipe.json", "history.parquet", "probabilities.parquet")


def run(context: Context, names: Sequence[str]) -> None:
    """Time uninterrupted trainings one after the other, then kill and resume side by side.

    Args:
        context: Of the section.
        names: Of `MODES`.
    """
    out = context.folder("out")
    modes = {name: MODES[name] for name in (names[:1] if context.scale.is_tiny else names)}
    uninterrupted = {mode: outcome(_start(context, out / mode, flag)) for mode, flag in modes.items()}
    for mode, figures in uninterrupted.items():
        context.emit(mode=mode, uninterrupted=figures)
    default = uninterrupted.get("default", {}).get("ms_a_step")
    for mode, figures in uninterrupted.items():
        if default and figures.get("ms_a_step"):
            context.emit(mode=mode, cost_percent=100 * (figures["ms_a_step"] / default - 1))
    kill_at = context.scale.kill_at
    killed = {mode: _start(context, out / f"{mode}_killed", flag, kill_at) for mode, flag in modes.items()}
    for process in killed.values():
        process.communicate()
    resumed = {mode: _start(context, out / f"{mode}_killed", flag) for mode, flag in modes.items()}
    for mode, process in resumed.items():
        figures = outcome(process)
        differing = _differing(out / mode, out / f"{mode}_killed")
        context.emit(
            mode=mode,
            killed_at=kill_at,
            killed_with=killed[mode].returncode,
            resumed=figures,
            same_bytes=not differing,
            differing=differing,
        )


def _start(context: Context, out: Path, flag: str, kill_at: int = 0) -> Any:
    out.mkdir(exist_ok=True)
    flags = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()
    training = Training(str(context.work), str(out), "small_cnn", context.scale.is_tiny, kill_at)
    return training.start({"XLA_FLAGS": flags})


def _differing(one: Path, other: Path) -> list[str]:
    """Files that are not in both folders with equal bytes."""
    return [name for name in FILES if _digest(one / name) != _digest(other / name) or not _digest(one / name)]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
