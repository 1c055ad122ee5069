"""One array per image, by the digest of the image's bytes: how shards hold them, and reading them batch by batch.

An image that does not decode has a null in place of its array, so that it is not tried again night after night. It is
never read as an array: a square of zeros would train.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rakuten.errors import OutputError
from rakuten.outputs.pool import ITEM, Shards

# What arrays are of, as columns are named: squares of pixels, or what a frozen backbone makes of them.
PIXELS = "pixels"
FEATURES = "features"

FORMAT = b"array"


def array_table(
    column: str,
    digests: Sequence[str],
    arrays: Sequence[npt.NDArray[Any] | None],
    dtype: npt.DTypeLike,
    shape: tuple[int, ...],
) -> pa.Table:
    """A table as `Pool.fill` wants it: digest, and the array's bytes.

    Args:
        column: Name of the column of arrays.
        digests: One an image.
        arrays: One an image, all of this dtype and shape; None: the image does not decode.
        dtype: Of all arrays; written into the column's metadata.
        shape: As dtype.
    """
    kind = np.dtype(dtype)
    for array in arrays:
        if array is not None and (array.dtype != kind or array.shape != shape):
            raise OutputError(f"{column}: expected {kind} {shape}, received {array.dtype} {array.shape}")
    stored = pa.array(
        [None if array is None else array.tobytes() for array in arrays],
        pa.binary(kind.itemsize * int(np.prod(shape))),
    )
    field = pa.field(column, stored.type, metadata={FORMAT: json.dumps({"dtype": kind.str, "shape": shape}).encode()})
    return pa.table([pa.array(digests, pa.string()), stored], schema=pa.schema([pa.field(ITEM, pa.string()), field]))


class ImageArrays:
    """The arrays that a committed output holds, memory-mapped.

    Args:
        folder: The output's folder.
        column: Name of the column of arrays.

    Attributes:
        usable: Digests of the images that have an array.
    """

    def __init__(self, folder: Path, column: str) -> None:
        self._shards = Shards(folder)
        self._column = column
        self.usable: frozenset[str] = frozenset(
            digest
            for table in self._shards.tables
            for digest, is_held in zip(
                table.column(ITEM).to_pylist(), table.column(column).is_valid().to_pylist(), strict=True
            )
            if is_held
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image's array.

        Raises:
            OutputError: If there is no image at all.
        """
        return tuple(self._format()["shape"])

    def gather(self, digests: Sequence[str]) -> npt.NDArray[Any]:
        """Arrays of images, (len(digests), *shape), in this order.

        Raises:
            KeyError: If an image has no array.
        """
        if unusable := [digest for digest in digests if digest not in self.usable]:
            raise KeyError(unusable[0])
        form = self._format()
        return self._shards.array(self._column, digests, form["dtype"], tuple(form["shape"]))

    def _format(self) -> dict[str, Any]:
        if not self._shards.tables:
            raise OutputError(f"{self._column}: there are no images, so there is no array to read")
        form: dict[str, Any] = json.loads(self._shards.tables[0].schema.field(self._column).metadata[FORMAT])
        return form
