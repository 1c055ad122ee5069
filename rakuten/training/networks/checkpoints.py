"""Checkpoints of a training: written atomically, in turns into two slots, believed only when their digest holds.

A slot is `checkpoint-<0|1>.npz`, the arrays, and `checkpoint-<0|1>.json`, written after it: what is no array, and the
digest of both. A kill while one slot is written leaves the other one whole.
"""

import hashlib
import json
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from rakuten.outputs.atomic import exists, make_folder, remove, require_regular, sync, whole_file, write_whole
from rakuten.outputs.stage_output import file_digest

logger = logging.getLogger(__name__)

SLOTS = 2
# Age at which a checkpoint within an epoch is due: what a kill costs.
CHECKPOINT_SECONDS = 60.0
# Shorter epochs need not leave a checkpoint each.
EPOCH_SECONDS = 5.0


@dataclass(frozen=True)
class Checkpoint:
    """Everything a training needs to go on.

    Attributes:
        arrays: By name; numeric.
        position: JSON-able: where the training stands, its history.
    """

    arrays: Mapping[str, npt.NDArray[Any]]
    position: Mapping[str, Any]


class Checkpoints:
    """The two slots of one training.

    Args:
        folder: Made if absent.
        seconds: A checkpoint is due when the last one is this old; 0: always.
    """

    def __init__(self, folder: Path, seconds: float) -> None:
        self.folder = folder
        self.seconds = seconds
        self._serial = 0
        self._saved_at = time.monotonic()

    def due(self, *, epoch_ended: bool) -> bool:
        """Whether the last checkpoint, or the start, is long enough ago; at an epoch's end less long is enough."""
        wait = min(self.seconds, EPOCH_SECONDS) if epoch_ended else self.seconds
        return time.monotonic() - self._saved_at >= wait

    def save(self, checkpoint: Checkpoint) -> None:
        """Write into the slot that holds the older checkpoint."""
        self._serial += 1
        arrays, note = self._slot(self._serial % SLOTS)
        self._free_names(arrays, note)
        with whole_file(arrays) as temporary, temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **checkpoint.arrays)
        position = json.dumps(dict(checkpoint.position), allow_nan=False)
        content = {"serial": self._serial, "sha256": _digest(arrays, position), "position": position}
        write_whole(note, json.dumps(content))
        sync(self.folder)
        self._saved_at = time.monotonic()

    def load(self) -> Checkpoint | None:
        """The newest checkpoint that is whole; None where there is none."""
        for serial, arrays, content in self._newest_first():
            try:
                require_regular(arrays)
                if _digest(arrays, content["position"]) != content["sha256"]:
                    raise ValueError("its content is not the one that was written")
                with np.load(arrays, allow_pickle=False) as stored:
                    position = json.loads(content["position"])
                    checkpoint = Checkpoint({name: stored[name] for name in stored.files}, position)
            except (OSError, ValueError, KeyError, AttributeError, BadZipFile) as error:
                logger.warning("checkpoint %s is damaged (%s); an earlier one is looked for", arrays.name, error)
                continue
            self._serial = serial
            return checkpoint
        return None

    def _newest_first(self) -> Iterator[tuple[int, Path, dict[str, Any]]]:
        found = []
        for slot in range(SLOTS):
            arrays, note = self._slot(slot)
            if not note.exists():
                continue
            try:
                require_regular(note)
                content = json.loads(note.read_bytes())
                found.append((int(content["serial"]), arrays, content))
            except (OSError, ValueError, KeyError, TypeError) as error:
                logger.warning("checkpoint %s is damaged (%s)", note.name, error)
        yield from sorted(found, key=lambda candidate: candidate[0], reverse=True)

    def _free_names(self, *paths: Path) -> None:
        """Make the folder of checkpoints, and remove what is no file where one is to be written."""
        make_folder(self.folder)
        for path in paths:
            if exists(path) and not path.is_file():
                remove(path)

    def _slot(self, slot: int) -> tuple[Path, Path]:
        return self.folder / f"checkpoint-{slot}.npz", self.folder / f"checkpoint-{slot}.json"


def _digest(arrays: Path, position: str) -> str:
    """SHA-256 of both parts of a checkpoint."""
    return hashlib.sha256(f"{file_digest(arrays).sha256} {position}".encode()).hexdigest()
