"""A fitted fusion: one combiner for each set of modalities a product can have, and temperatures before and after.

A product without a photo is not fused from fewer members by leftover weights: the case "text alone" is fitted for
itself, on all validation rows, photos hidden. Likewise a dump without any photo.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Self

import numpy as np

from rakuten.catalogue.classes import NUM_CLASSES
from rakuten.data.probabilities import Probabilities
from rakuten.errors import MismatchError
from rakuten.fusion.alignment import Aligned
from rakuten.fusion.combining import Average, Combiner, Floats, combiner_from_json
from rakuten.fusion.fitting import FITS, Fit, Targets, cross_fitted
from rakuten.recipes.plan import FusionMethod
from rakuten.statistics.cross_fitting import folds_of
from rakuten.statistics.temperature_scaling import at_cross_fitted_temperature, at_temperature, fit_temperature


@dataclass(frozen=True)
class Case:
    """How products are fused of which exactly these modalities are known.

    Attributes:
        modalities: Their names, sorted.
        members: Places of the members that see them.
        combiner: Combines those members.
        temperature: Of what it answers.
        rows: Validation rows it was fitted to.
    """

    modalities: tuple[str, ...]
    members: tuple[int, ...]
    combiner: Combiner
    temperature: float
    rows: int

    def __call__(self, values: Floats) -> Floats:
        """(num_all_members, num_samples, 27), calibrated → (num_samples, 27)."""
        return at_temperature(self.combiner(values[list(self.members)]), self.temperature)


@dataclass(frozen=True)
class Fuser:
    """A fusion of models.

    Attributes:
        method: What was fitted.
        modalities: What each member needs to see of a product, one a member.
        temperatures: Of each member; 1 where members are not calibrated.
        cases: Those of most modalities first.
    """

    method: FusionMethod
    modalities: tuple[str, ...]
    temperatures: tuple[float, ...]
    cases: tuple[Case, ...]

    @classmethod
    def fit(
        cls,
        method: FusionMethod,
        validation: Aligned,
        targets: Targets,
        modalities: Sequence[str],
        *,
        calibrate: bool,
        weights: Sequence[float] | None = None,
        unpictured: Aligned | None = None,
    ) -> tuple[Self, Floats]:
        """Fit to validation rows.

        No row is changed by what was fitted to it: the members' temperatures that the combiner is fitted at, the
        combiner and the last temperature that a row is answered by are those of the other folds. The temperatures that
        are kept are fitted to all rows.

        Args:
            method: How members are combined.
            validation: What members say of validation rows.
            targets: int64 (num_rows,), columns of their true classes.
            modalities: One a member.
            calibrate: Whether members are brought to their own temperature first, and the answer to its own at last.
            weights: Of the method "weighted", one a member, in place of F1; None: F1.
            unpictured: What members say of the same rows with photos hidden, which cases without photos are fitted to;
                None: no member that answers without a photo reads one.

        Returns:
            The fusion, and what it answers the rows themselves, float64 (num_rows, 27): each row by what was fitted to
            the other folds.
        """
        folds = folds_of(validation.productids)
        temperatures = tuple(
            fit_temperature(values[has], targets[has]) if calibrate else 1.0
            for values, has in zip(validation.values, validation.has, strict=True)
        )
        tempered = _cross_tempered(validation, validation, targets) if calibrate else validation.values
        hidden = tempered
        if unpictured is not None:
            hidden = _cross_tempered(unpictured, validation, targets) if calibrate else unpictured.values
        answers = np.full((len(validation), NUM_CLASSES), np.nan)
        cases = []
        for case_modalities, members in _possible_cases(modalities):
            rows = validation.has[list(members)].all(axis=0)
            if not rows.any():
                continue
            fit = FITS[method] if weights is None else _given([weights[place] for place in members])
            seen = tempered if "image" in case_modalities or "image" not in modalities else hidden
            values, truth, of_rows = seen[list(members)][:, rows], targets[rows], folds[rows]
            held_out = cross_fitted(fit, values, truth, of_rows)
            temperature = fit_temperature(held_out, truth) if calibrate else 1.0
            cases.append(Case(case_modalities, members, fit(values, truth), temperature, int(rows.sum())))
            unanswered = np.isnan(answers[rows]).all(axis=1)
            answered = at_cross_fitted_temperature(held_out, held_out, truth, of_rows) if calibrate else held_out
            answers[np.flatnonzero(rows)[unanswered]] = answered[unanswered]
        return cls(method, tuple(modalities), temperatures, tuple(cases)), answers

    def apply(self, members: Aligned) -> Probabilities:
        """Fuse what the members say of other products, each by the case of most modalities that it fits.

        Args:
            members: In the order of the fit.

        Raises:
            MismatchError: If a product is in some of the members that see a modality, but in no case's all.
        """
        calibrated = _calibrated(members, self.temperatures)
        answers = np.full((len(members), NUM_CLASSES), np.nan)
        waiting = np.ones(len(members), np.bool_)
        for case in self.cases:
            rows = waiting & members.has[list(case.members)].all(axis=0)
            if rows.any():
                answers[rows] = case(calibrated[:, rows])
            waiting &= ~rows
        if waiting.any():
            raise MismatchError(
                f"{waiting.sum()} of {len(members)} products are in no case of this fusion: expected probabilities of "
                f"all members that see {self._describe_cases()}; first {members.productids[waiting][0]}"
            )
        return Probabilities(members.productids, answers.astype(np.float32))

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {
            "method": self.method,
            "modalities": list(self.modalities),
            "temperatures": list(self.temperatures),
            "cases": [
                {
                    "modalities": list(case.modalities),
                    "members": list(case.members),
                    "combiner": case.combiner.as_json(),
                    "temperature": case.temperature,
                    "rows": case.rows,
                }
                for case in self.cases
            ],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The fusion that `as_json` was called on.

        Raises:
            OutputError: If a combiner is of no known kind.
        """
        cases = tuple(
            Case(
                tuple(case["modalities"]),
                tuple(case["members"]),
                combiner_from_json(case["combiner"]),
                case["temperature"],
                case["rows"],
            )
            for case in content["cases"]
        )
        return cls(content["method"], tuple(content["modalities"]), tuple(content["temperatures"]), cases)

    def _describe_cases(self) -> str:
        return ", or ".join(" and ".join(case.modalities) for case in self.cases)


def _given(weights: Sequence[float]) -> Fit:
    """A fit that has nothing to find."""
    return lambda values, targets: Average.weighing(weights)


def _possible_cases(modalities: Sequence[str]) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
    """Every set of modalities and the places of its members, the largest sets first."""
    present = sorted(set(modalities))
    for size in range(len(present), 0, -1):
        for chosen in combinations(present, size):
            yield chosen, tuple(place for place, modality in enumerate(modalities) if modality in chosen)


def _calibrated(members: Aligned, temperatures: Sequence[float]) -> Floats:
    """Each member at its temperature; rows that it does not have stay zeros."""
    values = np.zeros_like(members.values)
    for place, (has, temperature) in enumerate(zip(members.has, temperatures, strict=True)):
        values[place, has] = at_temperature(members.values[place, has], temperature)
    return values


def _cross_tempered(members: Aligned, fitted_to: Aligned, targets: Targets) -> Floats:
    """Each member at temperatures of the other folds; rows that it does not have stay zeros.

    Args:
        members: What is tempered.
        fitted_to: What temperatures are fitted to; of the same products and members.
        targets: int64 (num_rows,).
    """
    folds, values = folds_of(members.productids), np.zeros_like(members.values)
    for place, has in enumerate(members.has):
        if has.any():
            of_member = fitted_to.values[place, has]
            values[place, has] = at_cross_fitted_temperature(
                members.values[place, has], of_member, targets[has], folds[has]
            )
    return values
