"""Dumps of a run, as stages take them: the outputs of each, and the name that people know it by."""

from dataclasses import dataclass

from rakuten.outputs import StageOutput


@dataclass(frozen=True)
class NamedDump:
    """A dump and its name.

    Attributes:
        name: Shown to people; never a path.
        snapshot: `record_snapshot`.
    """

    name: str
    snapshot: StageOutput


@dataclass(frozen=True)
class ValidatedDump(NamedDump):
    """A dump and what its contracts found.

    Attributes:
        validation: `validate_dump`.
        page: `render_validation`, to be linked to.
    """

    validation: StageOutput
    page: StageOutput
