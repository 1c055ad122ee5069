"""Which file holds a backbone's weights, settled before any work starts and never silently replaced. No Keras here."""

import functools
import hashlib
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from rakuten.errors import InputError, WeightsNotFoundError
from rakuten.images.backbones import PUBLISHED, weights_file_name
from rakuten.outputs.stage_output import file_digest
from rakuten.recipes import Backbone

# Keras' own layout of the weights folder.
MODELS_FOLDER = "models"


class WeightsFile(BaseModel):
    """A file of pre-trained weights.

    Attributes:
        path: Where it is on this machine; never part of a key.
        sha256: Of its content.
    """

    model_config = ConfigDict(frozen=True)

    path: Path
    sha256: str

    @property
    def key(self) -> str:
        """Equal for equal content."""
        return f"weights-{self.sha256[:20]}"

    def check(self) -> None:
        """See that the file still is what it was.

        Raises:
            WeightsNotFoundError: If it is gone or changed.
        """
        if not self.path.is_file():
            raise WeightsNotFoundError(f"weights {self.path} are gone")
        if (found := file_digest(self.path).sha256) != self.sha256:
            raise WeightsNotFoundError(f"weights {self.path} changed: expected SHA-256 {self.sha256}, received {found}")


def find_weights(backbone: Backbone, weights_folder: Path) -> WeightsFile | None:
    """The file that `backbone.weights` means on this machine.

    Args:
        backbone: Its `weights` are "imagenet", "random" or the path of a file.
        weights_folder: Laid out as Keras does: `models/<published file name>`.

    Returns:
        The file, or None for random weights.

    Raises:
        WeightsNotFoundError: If the file is not there, or not the one that Keras publishes; the message says how to
            get it.
    """
    if backbone.weights == "random":
        return None
    if backbone.weights == "imagenet":
        path = weights_folder / MODELS_FOLDER / weights_file_name(backbone)
        md5 = PUBLISHED[backbone.name].md5
        advice = _how_to_get(backbone, weights_folder)
    else:
        path = Path(backbone.weights).expanduser().absolute()
        md5 = None
        advice = 'the recipe names it as backbone.weights; "imagenet" and "random" are the other choices'
    digest = f" (MD5 {md5})" if md5 else ""
    if not path.is_file():
        raise WeightsNotFoundError(
            f"no weights for {backbone.name}: expected {path.name}{digest} in {path.parent}; {advice}"
        )
    if md5 and (found := _md5_of(path)) != md5:
        raise WeightsNotFoundError(
            f"{path} is not the file that Keras publishes: expected MD5 {md5}, received {found}; {advice}"
        )
    return WeightsFile(path=path, sha256=file_digest(path).sha256)


def checked_weights(backbone: Backbone, weights: WeightsFile | None) -> Path | None:
    """The file that a backbone's weights are to be loaded from, seen to be what it was; None for random weights.

    Args:
        backbone: Says whether there is to be a file.
        weights: As `find_weights` found them.

    Raises:
        InputError: If there is a file where there should be none, or none where there should be one.
        WeightsNotFoundError: If the file is gone or changed.
    """
    if (weights is None) != (backbone.weights == "random"):
        raise InputError(f"backbone.weights is {backbone.weights!r}, received {weights}")
    if weights is None:
        return None
    weights.check()
    return weights.path


def _md5_of(path: Path) -> str:
    status = path.stat()
    return _md5(path, status.st_size, status.st_mtime_ns)


@functools.cache
def _md5(path: Path, size: int, changed: int) -> str:
    """Once for a file as it is: a study asks for the same one a hundred times."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()


def _how_to_get(backbone: Backbone, weights_folder: Path) -> str:
    width = f", alpha={backbone.alpha}" if backbone.name == "MobileNetV2" else ""
    size = backbone.input_size
    call = f"keras.applications.{backbone.name}(include_top=False, input_shape=({size}, {size}, 3){width})"
    return (
        "copy it there, name another weights folder in RAKUTEN_WEIGHTS, or have Keras download it: "
        f"KERAS_HOME={weights_folder} python -c 'import keras; {call}'"
    )
