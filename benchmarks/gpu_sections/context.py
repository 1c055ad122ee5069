"""Sizes of a benchmark run, and the JSON lines in which a section reports its figures."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Scale:
    """Sizes of everything that is measured.

    Attributes:
        num_images: Generated products with an image.
        image_size: Side of the generated JPEGs, pixels.
        decode_threads: Thread counts of the decoding figures.
        image_sizes: Sides of the stored squares, pixels; the first one is read by the small CNN.
        gather_batch: Images of a random gather.
        small_epochs: Epochs of the small CNN, `small_steps` steps each.
        small_steps: Steps an epoch.
        kill_at: Gather after which a training is killed, counted from 1.
        seconds: Length of a timed window.
        features_batch: Images of a forward pass.
        text_batches: Texts of a fine-tuning step, one figure each.
        rate_steps: Learning rates of the range test.
        is_tiny: Small stand-ins for the large networks.
    """

    num_images: int
    image_size: int
    decode_threads: tuple[int, ...]
    image_sizes: tuple[int, ...]
    gather_batch: int
    small_epochs: int
    small_steps: int
    kill_at: int
    seconds: float
    features_batch: int
    text_batches: tuple[int, ...]
    rate_steps: int
    is_tiny: bool


FULL = Scale(
    num_images=4000,
    image_size=500,
    decode_threads=(2, 8, 16),
    image_sizes=(64, 96, 224, 299),
    gather_batch=64,
    small_epochs=2,
    small_steps=100,
    kill_at=90,
    seconds=4.0,
    features_batch=256,
    text_batches=(32, 256),
    rate_steps=300,
    is_tiny=False,
)
TINY = Scale(
    num_images=80,
    image_size=64,
    decode_threads=(1, 2),
    image_sizes=(16, 32),
    gather_batch=8,
    small_epochs=2,
    small_steps=4,
    kill_at=3,
    seconds=0.2,
    features_batch=4,
    text_batches=(4,),
    rate_steps=100,
    is_tiny=True,
)


@dataclass(frozen=True)
class Context:
    """Surroundings of one section.

    Attributes:
        section: Its name, written into every line.
        work: Folder that all sections of a run share.
        scale: See its class.
        started: Monotonic clock at the start of the section.
    """

    section: str
    work: Path
    scale: Scale
    started: float = field(default_factory=time.monotonic)

    def emit(self, **figures: Any) -> None:
        """Print one JSON line: the section, seconds since its start, the figures."""
        line = {"section": self.section, "at_s": round(time.monotonic() - self.started, 1), **rounded(figures)}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    def folder(self, name: str) -> Path:
        """A new folder of this section."""
        path = self.work / f"{self.section.replace(' ', '_')}_{name}"
        path.mkdir(parents=True)
        return path


def rounded(value: Any) -> Any:
    """Floats to four significant digits, within lists and dictionaries as well."""
    if isinstance(value, dict):
        return {name: rounded(entry) for name, entry in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(entry) for entry in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


@dataclass
class Clock:
    """Seconds of a block."""

    seconds: float = 0.0


@contextmanager
def timed() -> Iterator[Clock]:
    """Time a block by the wall."""
    clock, start = Clock(), time.perf_counter()
    try:
        yield clock
    finally:
        clock.seconds = time.perf_counter() - start
