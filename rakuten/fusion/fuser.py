"""Fitted fusion: one combiner per set of available modalities, with temperature scaling of members and result.

Missing modalities: a product without an image is not fused with the remaining weights of the full fusion. The case
"text only" is fitted separately, on all validation products with their images hidden. A dump without images is handled
in the same way.
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
    """Fusion of the products with exactly one set of modalities.

    Attributes:
        modalities: Names, sorted.
        members: Indices of the members that use these modalities.
        combiner: Combiner of those members.
        temperature: Temperature of the fused probabilities.
        rows: Number of validation products it was fitted to.
    """

    modalities: tuple[str, ...]
    members: tuple[int, ...]
    combiner: Combiner
    temperature: float
    rows: int

    def __call__(self, values: Floats) -> Floats:
        """Fuse calibrated (num_all_members, num_samples, num_classes) to (num_samples, num_classes)."""
        return at_temperature(self.combiner(values[list(self.members)]), self.temperature)


@dataclass(frozen=True)
class Fuser:
    """Fitted late fusion of several models.

    Attributes:
        method: Fusion method.
        modalities: Modality that each member needs, one per member.
        temperatures: Temperature of each member; 1 without calibration.
        cases: By descending number of modalities.
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
        """Fit to validation products by cross-fitting.

        The returned probabilities of a product are out-of-fold: member temperatures, combiner and final temperature are
        all fitted to the other folds. The stored temperatures and combiners are fitted to all validation products.

        Args:
            method: Fusion method.
            validation: Members' probabilities of validation products.
            targets: int64 (num_samples,), true class indices.
            modalities: One per member.
            calibrate: True for temperature scaling of each member before fusion, and of the fused probabilities.
            weights: For the method "weighted", one per member; None: validation F1.
            unpictured: Members' probabilities of the same products with images hidden, for cases without images; None
                if no member that predicts without an image uses one.

        Returns:
            The fusion, and its out-of-fold probabilities, float64 (num_samples, num_classes).
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
            rows = validation.has[list(members)].all(axis=0)  # (num_samples,)
            if not rows.any():
                continue
            fit = FITS[method] if weights is None else _given([weights[place] for place in members])
            seen = tempered if "image" in case_modalities or "image" not in modalities else hidden
            values, truth, of_rows = seen[list(members)][:, rows], targets[rows], folds[rows]
            held_out = cross_fitted(fit, values, truth, of_rows)
            temperature = fit_temperature(held_out, truth) if calibrate else 1.0
            cases.append(Case(case_modalities, members, fit(values, truth), temperature, int(rows.sum())))
            # Largest modality sets come first: a smaller case does not replace predictions of a larger one.
            unanswered = np.isnan(answers[rows]).all(axis=1)
            answered = at_cross_fitted_temperature(held_out, held_out, truth, of_rows) if calibrate else held_out
            answers[np.flatnonzero(rows)[unanswered]] = answered[unanswered]
        return cls(method, tuple(modalities), temperatures, tuple(cases)), answers

    def apply(self, members: Aligned) -> Probabilities:
        """Fuse the members' probabilities, each product by the case with the most available modalities.

        Args:
            members: In the order of the fit.

        Raises:
            MismatchError: If a product lacks some members of every case.
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
        """Convert to JSON types, for `from_json`."""
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
        """Restore a fusion from the result of `as_json`.

        Raises:
            OutputError: If the kind of a combiner is unknown.
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
    """Fit function that returns an average with fixed weights."""
    return lambda values, targets: Average.weighing(weights)


def _possible_cases(modalities: Sequence[str]) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
    """All sets of modalities with the indices of their members, largest sets first."""
    present = sorted(set(modalities))
    for size in range(len(present), 0, -1):
        for chosen in combinations(present, size):
            yield chosen, tuple(place for place, modality in enumerate(modalities) if modality in chosen)


def _calibrated(members: Aligned, temperatures: Sequence[float]) -> Floats:
    """Temperature scaling of each member; products that a member lacks stay zero."""
    values = np.zeros_like(members.values)
    for place, (has, temperature) in enumerate(zip(members.has, temperatures, strict=True)):
        values[place, has] = at_temperature(members.values[place, has], temperature)
    return values


def _cross_tempered(members: Aligned, fitted_to: Aligned, targets: Targets) -> Floats:
    """Temperature scaling of each member with out-of-fold temperatures; products that a member lacks stay zero.

    Args:
        members: Probabilities to scale.
        fitted_to: Probabilities that temperatures are fitted to; same products and members.
        targets: int64 (num_samples,), true class indices.
    """
    folds, values = folds_of(members.productids), np.zeros_like(members.values)
    for place, has in enumerate(members.has):
        if has.any():
            of_member = fitted_to.values[place, has]
            values[place, has] = at_cross_fitted_temperature(
                members.values[place, has], of_member, targets[has], folds[has]
            )
    return values
