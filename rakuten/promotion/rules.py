"""Thresholds of the promotion gate, with defaults and an optional TOML file."""

from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from rakuten.errors import RecipeError
from rakuten.recipes.loading import read_toml
from rakuten.recipes.strict import Strict, first_fault


class GateRules(Strict):
    """Thresholds and significance level of the promotion gate.

    Attributes:
        error_rate: Significance level of the tests: the false promotion rate of challengers that are no better than the
            champion, and the false refusal rate of the class check for challengers that are worse in no class.
        nights: Number of tests over which the false promotion rate is controlled (Bonferroni). 1: per test, i.e. one in
            twenty equal nightly challengers is promoted; 30: one in twenty months, with less statistical power.
        class_margin: Non-inferiority margin of each class's F1; a larger loss counts if it is significant.
        member_margin: Non-inferiority margin of a first champion's weighted F1 against each of its own models.
        test_products: Minimum number of test products of a first champion: with 200, the 95 % confidence interval of a
            weighted F1 of 0.75 is ± 0.06.
        calibration_error: Expected calibration error that always passes.
        calibration_margin: Above that, allowed excess over the champion's expected calibration error.
        size_mib: Maximum size of the package, MiB.
        milliseconds: Maximum inference time per product, ms, without loading the package.
    """

    error_rate: float = Field(default=0.05, gt=0, le=0.2)
    nights: int = Field(default=1, ge=1)
    class_margin: float = Field(default=0.02, ge=0, lt=1)
    member_margin: float = Field(default=0.01, ge=0, lt=1)
    test_products: int = Field(default=200, ge=1)
    calibration_error: float = Field(default=0.05, ge=0, le=1)
    calibration_margin: float = Field(default=0.01, ge=0, le=1)
    size_mib: float = Field(default=4096, gt=0)
    milliseconds: float = Field(default=100, gt=0)

    @property
    def level(self) -> float:
        """Significance level of one test: `error_rate` with a Bonferroni correction over `nights` tests."""
        return self.error_rate / self.nights

    @model_validator(mode="after")
    def _level_can_be_drawn(self) -> Self:
        if self.level < 0.0005:
            raise ValueError(f"error_rate {self.error_rate} over {self.nights} nights is finer than 1 in 2000 a test")
        return self


def load_rules(path: Path | None) -> GateRules:
    """Load the thresholds from a TOML file; None: the defaults.

    Raises:
        RecipeError: If the file is missing or invalid.
    """
    if path is None:
        return GateRules()
    try:
        return GateRules.model_validate(read_toml(path.expanduser()))
    except RecipeError as error:
        raise RecipeError(f"rules of the gate {error}") from error
    except ValidationError as error:
        raise RecipeError(f"rules of the gate {path}: {first_fault(error, GateRules)}") from error
