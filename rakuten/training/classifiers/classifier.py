"""Interface of classifiers over texts, and their calibration, which is the same for all."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from rakuten.data.label_masking import require_open
from rakuten.statistics.cross_fitting import Folds
from rakuten.training.classifiers.calibration import (
    Calibration,
    columns_of,
    cross_calibrated,
    fit_calibration,
    over_all_classes,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Classifier(ABC, Generic[T]):
    """A fitted classifier; `T` is the form of the texts that it reads.

    Attributes:
        known: int64 (num_known,), the class indices that had train rows, ascending.
        calibration: Of the scores; None: they are probabilities.
    """

    known: npt.NDArray[np.int64]
    calibration: Calibration | None

    @classmethod
    @abstractmethod
    def fit(cls, texts: T, targets: npt.NDArray[np.int64], recipe: Any) -> Self:
        """Fit on train rows; not calibrated yet.

        Args:
            texts: Of train rows.
            targets: int64 (num_rows,), class indices.
            recipe: What is fitted.

        Raises:
            InputError: If the rows are of fewer than two classes, or hold nothing to learn from.
            HeldOutError: If the class of a row is hidden.
        """

    @abstractmethod
    def scores(self, texts: T) -> npt.NDArray[np.floating]:
        """Scores of the known classes, (num_texts, num_known)."""

    @abstractmethod
    def write(self, folder: Path) -> None:
        """Write the files of the classifier into a folder."""

    @classmethod
    @abstractmethod
    def read(cls, folder: Path) -> Self:
        """Read what `write` wrote.

        Raises:
            OutputError: If the files are no such classifier, or do not belong together.
        """

    def calibrated(
        self, texts: T, targets: npt.NDArray[np.int64], folds: Folds
    ) -> tuple[Self, npt.NDArray[np.float32]]:
        """Fit the calibration to rows that the classifier was not fitted on; itself where it needs none.

        Args:
            texts: Of validation rows.
            targets: int64 (num_rows,); rows of classes without train rows do not count. Without any row
                it stays uncalibrated.
            folds: int64 (num_rows,), see `rakuten.statistics.cross_fitting`.

        Returns:
            The classifier with the calibration of all rows, for rows not among them; and the rows' own probabilities,
            float32 (num_rows, num_classes), each by a calibration of the other folds.

        Raises:
            HeldOutError: If the class of a row is hidden.
        """
        require_open(targets, f"calibrate a {type(self).__name__}")
        scores, columns = self.scores(texts), columns_of(targets, self.known)
        if self.calibration is None:
            return self, over_all_classes(scores, self.known)
        cross_fitted = over_all_classes(cross_calibrated(scores, columns, folds), self.known)
        return replace(self, calibration=fit_calibration(scores, columns)), cross_fitted

    def calibrated_like(self, other: Self) -> Self:
        """The same classifier with the calibration of another one, fitted by the same recipe to other rows."""
        if other.calibration is None:
            return self
        return replace(self, calibration=other.calibration.for_classes(other.known, self.known))

    def probabilities(self, texts: T) -> npt.NDArray[np.float32]:
        """float32 (num_texts, num_classes), rows sum to 1; none below `FLOOR`."""
        found = self.scores(texts)
        return over_all_classes(found if self.calibration is None else self.calibration.apply(found), self.known)
