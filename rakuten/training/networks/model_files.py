"""Keras models as files of equal bytes for equal models, and back.

Keras writes the hour into its .keras archives, the optimizer beside the weights, and names parts that layers share by
their addresses in memory; these files hold none of it. Nor do they say that a training was done in half precision: on
the machine that predicts it may be slow.
"""

import json
import re
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from rakuten.errors import OutputError

if TYPE_CHECKING:
    import keras

MODEL = "model.keras"

METADATA = "metadata.json"
STRUCTURE = "config.json"
# The earliest date that a zip can hold.
NO_DATE = (1980, 1, 1, 0, 0, 0)

_HALF_PRECISION = re.compile(rb'"mixed_b?float16"')
_SHARED_PART = re.compile(rb'"shared_object_id": (\d+)')


def write_model(path: Path, model: "keras.Model") -> None:
    """Store a model's structure and weights as a .keras archive, without optimizer and dates.

    Args:
        path: Ends in .keras.
        model: Left as it is.
    """
    bare = type(model).from_config(model.get_config())
    bare.set_weights(model.get_weights())
    with tempfile.TemporaryDirectory() as folder:
        dated = Path(folder) / MODEL
        bare.save(dated)
        with zipfile.ZipFile(dated) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
            for name in sorted(source.namelist()):
                target.writestr(zipfile.ZipInfo(name, NO_DATE), _reproducible(name, source.read(name)))


def read_model(path: Path) -> "keras.Model":
    """Load a .keras archive for prediction; code in it (lambdas) is refused, not run.

    Raises:
        OutputError: If it cannot be read as a model.
    """
    import keras

    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise OutputError(f"{path.name} cannot be read as a Keras model: {error}") from error


def _reproducible(name: str, content: bytes) -> bytes:
    if name == METADATA:
        return json.dumps({**json.loads(content), "date_saved": ""}).encode()
    if name != STRUCTURE:
        return content
    return _HALF_PRECISION.sub(b'"float32"', _renumbered(content))


def _renumbered(content: bytes) -> bytes:
    """Shared parts numbered from 1 as they come; the initializers of recurrent layers are some."""
    numbers: dict[bytes, int] = {}

    def number(match: re.Match[bytes]) -> bytes:
        return b'"shared_object_id": %d' % numbers.setdefault(match[1], len(numbers) + 1)

    return _SHARED_PART.sub(number, content)
