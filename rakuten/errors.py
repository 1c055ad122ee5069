"""Every error this project raises on purpose, as one tree.

RakutenError
├── InputError                    what the caller gave cannot be used (command line: exit code 2)
│   ├── DumpError                 a dump's files are absent, unreadable or not in the challenge's layout
│   │   └── HostileArchiveError   an archive that tries to escape its folder or to exhaust the machine
│   ├── ImageError                bytes that are no image, a damaged one, or one too large to decode
│   ├── ContractError             the data breaks a hard expectation, or too many rows were quarantined
│   ├── SettingError              a RAKUTEN_* variable with a value that is none
│   ├── RecipeError               a recipe or plan that does not exist or does not validate
│   ├── DivergenceError           a training whose loss stopped being finite
│   ├── GpuError                  a GPU that this machine or the backend of Keras does not have
│   ├── WeightsNotFoundError      pre-trained weights that are neither stored nor to be had
│   ├── RunNotFoundError          a run id that no run has
│   │   └── NoChampionError       no champion was promoted yet, or none before this one
│   └── PackageError              a model package that is damaged, incomplete or of another version
├── KeyInputError (TypeError)     an argument whose content cannot enter a stage's key
├── OutputError                   a stage's files are absent, damaged or not what the stage promised
├── DiskFullError                 the disk, or the user's quota, has no room for an output
├── ChampionError                 the record of the champion is damaged or lost
│   └── ChampionChangedError      the champion changed while somebody was judged against it
├── RegistryError                 MLflow cannot be told of the champion
├── MismatchError                 probabilities whose product ids or class codes disagree
├── HeldOutError                  an attempt to fit or choose on products that are only to be scored
├── ConstantPredictionError       a trained model that answers one class whatever it is shown
├── StageProcessError             a stage's own process ended without a result
├── BackfillError                 dumps of a backfill whose own run failed
├── EventError                    an event that no server recorded
└── OutputsInUseError             clearing up while a run is at work
"""

from rakuten.printable import printable


class RakutenError(Exception):
    """Base of all errors below; its text shows control characters escaped, since names from outside stand in it."""

    def __str__(self) -> str:
        return printable(super().__str__(), keep="\n")


class InputError(RakutenError):
    """What the caller gave cannot be used; the message says what was expected and what was received."""


class DumpError(InputError):
    """A dump's files are absent, unreadable or not in the challenge's layout."""


class HostileArchiveError(DumpError):
    """An archive that tries to escape its folder or to exhaust the machine."""


class ImageError(InputError):
    """Bytes that are no image, a damaged one, or one too large to decode."""


class ContractError(InputError):
    """The data breaks a hard expectation, more rows were quarantined than allowed, or a contract is faulty itself."""


class SettingError(InputError):
    """A RAKUTEN_* variable whose value cannot be used; the message has variable, value and an example."""


class RecipeError(InputError):
    """A recipe or plan that does not exist or does not validate."""


class DivergenceError(InputError):
    """A training whose loss stopped being finite."""


class GpuError(InputError):
    """A GPU that this machine, or the backend of Keras, does not have."""


class WeightsNotFoundError(InputError):
    """Pre-trained weights that are neither stored nor to be had."""


class RunNotFoundError(InputError):
    """A run id that no run has."""


class NoChampionError(RunNotFoundError):
    """No champion was promoted yet, or none before this one."""


class PackageError(InputError):
    """A model package that is damaged, incomplete or of another version."""


class KeyInputError(RakutenError, TypeError):
    """An argument whose content cannot enter a stage's key."""


class OutputError(RakutenError):
    """A stage's files are absent, damaged or not what the stage promised."""


class DiskFullError(RakutenError):
    """The disk, or the user's quota, has no room for an output."""


class ChampionError(RakutenError):
    """The record of the champion is damaged or lost; the message says how to go on."""


class ChampionChangedError(ChampionError):
    """The champion changed while somebody was judged against it."""


class RegistryError(RakutenError):
    """MLflow cannot be told of the champion; who is champion does not depend on it."""


class MismatchError(RakutenError):
    """Probabilities whose product ids or class codes disagree."""


class HeldOutError(RakutenError):
    """An attempt to fit or choose on products that are only to be scored."""


class ConstantPredictionError(RakutenError):
    """A trained model that answers one class whatever it is shown."""


class StageProcessError(RakutenError):
    """A stage's own process ended without a result; the message says how."""


class BackfillError(RakutenError):
    """Dumps of a backfill whose own run failed; the others are finished."""


class EventError(RakutenError):
    """An event that no server recorded, so that nothing will come of it."""


class OutputsInUseError(RakutenError):
    """Clearing up was asked for while a run is at work."""
