"""TF-IDF of words and one of the report's classifiers: fitting, probabilities, and its files."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from rakuten.data.classes import CODES
from rakuten.data.folds import Folds
from rakuten.data.hidden import require_open
from rakuten.errors import InputError, OutputError
from rakuten.outputs.atomic import write_whole
from rakuten.recipes import TextTfidfRecipe
from rakuten.text.word_tfidf import WordTfidf
from rakuten.training.calibration import (
    Calibration,
    columns_of,
    cross_calibrated,
    fit_calibration,
    over_all_classes,
    uncalibrated,
)
from rakuten.training.estimator_files import read_estimators, write_estimators
from rakuten.training.estimators import Members, fitted, has_probabilities, scores, unfitted
from rakuten.training.row_limit import stratified_rows

STRUCTURE = "classifier.json"
TFIDF = "tfidf.json"

# Products whose features and scores are held at a time when predicting.
BATCH = 4_096


@dataclass(frozen=True)
class TfidfClassifier:
    """A fitted classifier over words.

    Attributes:
        recipe: What it was fitted by.
        tfidf: What makes the features.
        known: int64 (num_known,), the targets (positions in `CODES`) that had train rows, ascending.
        members: Fitted estimators, whose classes are positions in `known`.
        num_fitted: Train rows they were fitted to.
        calibration: Of scores that are no probabilities; None where they are.
    """

    recipe: TextTfidfRecipe
    tfidf: WordTfidf
    known: npt.NDArray[np.int64]
    members: Members
    num_fitted: int
    calibration: Calibration | None

    @classmethod
    def fit(cls, texts: Sequence[str], targets: npt.NDArray[np.int64], recipe: TextTfidfRecipe) -> Self:
        """Fit on train rows; not calibrated yet. The row limit holds for the classifier, not for the words.

        Args:
            texts: Of train rows, clean.
            targets: int64 (num_rows,), positions in `CODES`.
            recipe: What is fitted.

        Raises:
            InputError: If the rows are of fewer than two classes, or hold no word.
            HeldOutError: If the class of a row is hidden.
        """
        require_open(targets, f"fit {recipe.name}")
        tfidf = WordTfidf.fit(texts, recipe.num_words)
        rows = stratified_rows(targets, recipe.row_limit, recipe.seed)
        known, classes = np.unique(targets[rows], return_inverse=True)
        if len(known) < 2:
            raise InputError(f"{recipe.name} needs train rows of at least 2 classes, got {len(rows)} of {len(known)}")
        if not tfidf.words:
            raise InputError(f"{recipe.name}: none of the {len(texts)} train texts holds a word once cleaned")
        features = tfidf.transform([texts[row] for row in rows.tolist()])
        members = fitted(recipe.estimator, features, classes.astype(np.int64), recipe.seed)
        calibration = None if has_probabilities(recipe.estimator) else uncalibrated(len(known))
        return cls(recipe, tfidf, known, members, len(rows), calibration)

    def calibrated(
        self, texts: Sequence[str], targets: npt.NDArray[np.int64], folds: Folds
    ) -> tuple[Self, npt.NDArray[np.float32]]:
        """Fit the calibration to rows that the classifier was not fitted on; itself where it needs none.

        Args:
            texts: Of validation rows, clean.
            targets: int64 (num_rows,); rows of classes without train rows do not count. Without any row
                it stays uncalibrated.
            folds: int64 (num_rows,), see `rakuten.data.folds`.

        Returns:
            The classifier with the calibration of all rows, for rows not among them; and the rows' own probabilities,
            float32 (num_rows, 27), each by a calibration of the other folds.

        Raises:
            HeldOutError: If the class of a row is hidden.
        """
        require_open(targets, f"calibrate {self.recipe.name}")
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

    def scores(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """What the classifier itself says of the known classes, float64 (num_texts, num_known)."""
        found = np.empty((len(texts), len(self.known)))
        for start in range(0, len(texts), BATCH):
            features = self.tfidf.transform(texts[start : start + BATCH])
            found[start : start + BATCH] = scores(self.recipe.estimator, self.members, features, len(self.known))
        return found

    def probabilities(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """float32 (num_texts, 27), rows sum to 1, columns in the order of `CODES`; none is 0."""
        found = self.scores(texts)
        return over_all_classes(found if self.calibration is None else self.calibration.apply(found), self.known)

    def write(self, folder: Path) -> None:
        """Write `classifier.json`, `tfidf.json` and the estimators' own file into a folder."""
        structure = {
            "recipe": self.recipe.model_dump(mode="json"),
            "codes": [CODES[target] for target in self.known],
            "num_fitted": self.num_fitted,
            "calibration": None if self.calibration is None else self.calibration.as_json(),
        }
        write_whole(folder / STRUCTURE, json.dumps(structure))
        self.tfidf.write(folder / TFIDF)
        write_estimators(folder, self.members)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what `write` wrote.

        Raises:
            OutputError: If the files are no such classifier, or do not belong together.
        """
        try:
            structure = json.loads((folder / STRUCTURE).read_text("utf-8"))
            recipe = TextTfidfRecipe.model_validate(structure["recipe"])
            known = np.array([CODES.index(code) for code in structure["codes"]], np.int64)
            calibration = _calibration(structure["calibration"])
            num_fitted = int(structure["num_fitted"])
        except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
            raise OutputError(f"{folder.name}: {STRUCTURE} cannot be read: {error!r}") from error
        tfidf = WordTfidf.read(folder / TFIDF)
        members = read_estimators(folder, unfitted(recipe.estimator, recipe.seed))
        expected = len(tfidf.words), len(known)
        for member in members:
            received = member.n_features_in_, len(member.classes_)
            if received != expected:
                raise OutputError(
                    f"{folder.name}: the {type(member).__name__} does not belong to {TFIDF} and {STRUCTURE}: expected "
                    f"{expected[0]} words and {expected[1]} classes, received {received[0]} and {received[1]}"
                )
        return cls(recipe, tfidf, known, members, num_fitted, calibration)


def _calibration(content: dict[str, Any] | None) -> Calibration | None:
    return None if content is None else Calibration.from_json(content)
