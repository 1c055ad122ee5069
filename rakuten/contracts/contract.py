"""A contract: what is expected of a table, how bad it is when it is not so, and how much of that is borne.

Its content is a Great Expectations suite; running it is the work of `expectations.py`.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Severity = Literal["critical", "warning"]

# Of a small table `min_quarantined` rows may be most of it; never more than this share is borne for their sake.
SMALL_TABLE_SHARE = 0.2


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ExpectationMeta(_Frozen):
    """What an expectation is called where it is not met.

    Attributes:
        reason: Short and constant: `designation_blank`.
        means: What is expected, in words.
    """

    reason: str = Field(pattern=r"^[a-z][a-z_]+$")
    means: str = Field(min_length=1)


class Expectation(_Frozen):
    """One expectation of a suite.

    Attributes:
        type: Great Expectations' name, `expect_…`.
        kwargs: Its arguments.
        severity: "critical": a row that breaks it is quarantined; a table that breaks it is refused. "warning": it is
            said, and all goes on.
        meta: What it is called.
    """

    type: str = Field(pattern=r"^expect_[a-z_]+$")
    kwargs: dict[str, Any]
    severity: Severity
    meta: ExpectationMeta

    @property
    def spares_rows(self) -> bool:
        """Whether some rows may break it (`mostly`), so that a row that does is not to blame."""
        return self.kwargs.get("mostly", 1.0) < 1.0

    @property
    def columns(self) -> list[str]:
        """Columns it looks at; none where it looks at the table as a whole."""
        return [self.kwargs["column"]] if "column" in self.kwargs else list(self.kwargs.get("column_list", ()))


class ContractMeta(_Frozen):
    """What a contract is about and how much it bears.

    Attributes:
        about: The table, in words.
        max_quarantined_share: Share of rows, 0..1, that may be quarantined before the table is refused.
        min_quarantined: Number of rows that may be in any case, as long as they are no more than a fifth of the table;
            without it one odd row fails a small table.
    """

    about: str
    max_quarantined_share: float = Field(ge=0, le=1)
    min_quarantined: int = Field(ge=0)


class Contract(_Frozen):
    """A contract; all of it enters the key of a stage that takes it.

    Attributes:
        name: As its file.
        meta: What it is about and how much it bears.
        expectations: What it expects.
    """

    name: str
    meta: ContractMeta
    expectations: tuple[Expectation, ...] = Field(min_length=1)

    def quarantine_limit(self, num_rows: int) -> int:
        """How many of `num_rows` rows may be quarantined; never all of them."""
        few = min(self.meta.min_quarantined, int(SMALL_TABLE_SHARE * num_rows))
        limit = max(few, int(self.meta.max_quarantined_share * num_rows))
        return min(limit, max(num_rows - 1, 0))


class FailingRow(_Frozen):
    """A row that breaks an expectation.

    Attributes:
        position: Of the row in the table checked, from 0.
        value: What was received, shortened.
    """

    position: int
    value: str


class Outcome(_Frozen):
    """How one expectation fared.

    Attributes:
        expectation: Which.
        ok: Whether it was met.
        observed: What was found, in short.
        failing: Every row that breaks it; None where it looks at the table as a whole.
    """

    expectation: Expectation
    ok: bool
    observed: str
    failing: tuple[FailingRow, ...] | None

    @property
    def blames_rows(self) -> bool:
        """Whether the rows that break it are to be quarantined, rather than the table refused."""
        return self.failing is not None and not self.expectation.spares_rows

    @property
    def line(self) -> str:
        """What went wrong, in words."""
        meta = self.expectation.meta
        return f"{meta.reason}: expected that {meta.means}; {self.observed}"


class ContractResult(_Frozen):
    """How a table fared against a contract.

    Attributes:
        contract: Which.
        num_rows: Rows of the table.
        outcomes: One an expectation, in the contract's order.
    """

    contract: Contract
    num_rows: int
    outcomes: tuple[Outcome, ...]

    @property
    def quarantined(self) -> set[int]:
        """Positions of rows that break a critical expectation."""
        blaming = (outcome for outcome in self._unmet("critical") if outcome.blames_rows)
        return {row.position for outcome in blaming for row in outcome.failing or ()}

    @property
    def row_failures(self) -> list[str]:
        """Lines on critical expectations that single rows break."""
        return [f"{self.contract.name}: {found.line}" for found in self._unmet("critical") if found.blames_rows]

    @property
    def failures(self) -> list[str]:
        """Lines on critical expectations that the table as a whole breaks."""
        return [f"{self.contract.name}: {found.line}" for found in self._unmet("critical") if not found.blames_rows]

    @property
    def warnings(self) -> list[str]:
        """Lines on expectations that are not met and only said."""
        return [f"{self.contract.name}: {found.line}" for found in self._unmet("warning")]

    def _unmet(self, severity: Severity) -> list[Outcome]:
        return [found for found in self.outcomes if not found.ok and found.expectation.severity == severity]
