"""Exception hierarchy of the project.

RakutenError
├── InputError                    invalid input from the caller (command line: exit code 2)
│   ├── DumpError                 missing or unreadable files of a dump, or an unknown layout
│   │   └── HostileArchiveError   path traversal or a decompression bomb in an archive
│   ├── ImageError                bytes that are not an image, a damaged image, or one too large to decode
│   ├── ContractError             data contract violated: failed expectation or too many quarantined rows
│   ├── SettingError              invalid value of a RAKUTEN_* environment variable
│   ├── RecipeError               missing or invalid recipe or plan
│   ├── DivergenceError           non-finite training loss
│   ├── GpuError                  GPU not available on this machine or to the Keras backend
│   ├── WeightsNotFoundError      pre-trained weights neither stored nor downloadable
│   ├── RunNotFoundError          unknown run id
│   │   └── NoChampionError       no champion promoted yet, or no previous one
│   └── PackageError              damaged, incomplete or incompatible model package
├── KeyInputError (TypeError)     argument that cannot be part of a stage's cache key
├── OutputError                   missing or damaged files of a stage output
├── DiskFullError                 no disk space, or disk quota exceeded
├── ChampionError                 damaged or lost champion record
│   └── ChampionChangedError      champion changed during the promotion gate
├── RegistryError                 failed update of the MLflow model registry
├── MismatchError                 product ids or class codes that do not match
├── HeldOutError                  held-out products used for fitting or selection
├── ConstantPredictionError       trained model that predicts one class for every product
├── StageProcessError             subprocess of a stage ended without a result
├── BackfillError                 failed runs in a backfill
├── EventError                    event that no server recorded
└── OutputsInUseError             garbage collection while a run is active
"""

from rakuten.printable import printable


class RakutenError(Exception):
    """Base class of all project errors; control characters in messages are escaped."""

    def __str__(self) -> str:
        return printable(super().__str__(), keep="\n")


class InputError(RakutenError):
    """Invalid input from the caller; the message has the expected and the received value."""


class DumpError(InputError):
    """Missing or unreadable files of a dump, or a layout other than the challenge's."""


class HostileArchiveError(DumpError):
    """Hostile archive: path traversal or a decompression bomb."""


class ImageError(InputError):
    """Bytes that are not an image, a damaged image, or one too large to decode."""


class ContractError(InputError):
    """Data contract violated (failed expectation, too many quarantined rows), or an invalid contract."""


class SettingError(InputError):
    """Invalid value of a RAKUTEN_* environment variable; the message has variable, value and an example."""


class RecipeError(InputError):
    """Missing or invalid recipe or plan."""


class DivergenceError(InputError):
    """Diverged training: the loss is not finite."""


class GpuError(InputError):
    """GPU not available on this machine or to the Keras backend."""


class WeightsNotFoundError(InputError):
    """Pre-trained weights that are neither stored nor downloadable."""


class RunNotFoundError(InputError):
    """Unknown run id."""


class NoChampionError(RunNotFoundError):
    """No champion promoted yet, or no previous one."""


class PackageError(InputError):
    """Damaged, incomplete or incompatible model package."""


class KeyInputError(RakutenError, TypeError):
    """Argument that cannot be part of a stage's cache key."""


class OutputError(RakutenError):
    """Missing or damaged files of a stage output, or files other than its stage declares."""


class DiskFullError(RakutenError):
    """No disk space for an output, or disk quota exceeded."""


class ChampionError(RakutenError):
    """Damaged or lost champion record; the message has the remedy."""


class ChampionChangedError(ChampionError):
    """Champion changed while a challenger was tested against it."""


class RegistryError(RakutenError):
    """Failed update of the MLflow model registry; the champion itself does not depend on MLflow."""


class MismatchError(RakutenError):
    """Product ids or class codes that do not match between tables of probabilities or predictions."""


class HeldOutError(RakutenError):
    """Held-out (test) products used for fitting or model selection."""


class ConstantPredictionError(RakutenError):
    """Trained model that predicts one class for every product."""


class StageProcessError(RakutenError):
    """Subprocess of a stage ended without a result; the message has exit code or signal."""


class BackfillError(RakutenError):
    """Failed runs in a backfill; the runs of the other dumps are complete."""


class EventError(RakutenError):
    """Event that no server recorded, so that it triggers nothing."""


class OutputsInUseError(RakutenError):
    """Garbage collection requested while a run is active."""
