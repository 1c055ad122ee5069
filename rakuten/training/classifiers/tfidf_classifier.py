"""TF-IDF of words and one of the report's classifiers: fitting, probabilities, and its files."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from rakuten.catalogue.classes import CODES
from rakuten.data.label_masking import require_open
from rakuten.errors import InputError, OutputError
from rakuten.outputs.atomic import write_whole
from rakuten.recipes import TextTfidfRecipe
from rakuten.text.word_tfidf import WordTfidf
from rakuten.training.classifiers.calibration import Calibration, uncalibrated
from rakuten.training.classifiers.classifier import Classifier
from rakuten.training.classifiers.estimator_files import read_estimators, write_estimators
from rakuten.training.classifiers.estimators import Members, fitted, has_probabilities, scores, unfitted
from rakuten.training.classifiers.row_limit import stratified_rows

STRUCTURE = "classifier.json"
TFIDF = "tfidf.json"

# Products whose features and scores are held at a time when predicting.
BATCH = 4_096


@dataclass(frozen=True)
class TfidfClassifier(Classifier[Sequence[str]]):
    """A fitted classifier over words.

    Attributes:
        recipe: What it was fitted by.
        tfidf: What makes the features.
        members: Fitted estimators, whose classes are positions in `known`.
        num_fitted: Train rows they were fitted to.
    """

    recipe: TextTfidfRecipe
    tfidf: WordTfidf
    members: Members
    num_fitted: int

    @classmethod
    def fit(cls, texts: Sequence[str], targets: npt.NDArray[np.int64], recipe: TextTfidfRecipe) -> Self:
        """Texts are clean, and some hold a word. The row limit holds for the classifier, not for the words."""
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
        return cls(known, calibration, recipe, tfidf, members, len(rows))

    def scores(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Probabilities or distances, float64 (num_texts, num_known)."""
        found = np.empty((len(texts), len(self.known)))
        for start in range(0, len(texts), BATCH):
            features = self.tfidf.transform(texts[start : start + BATCH])
            found[start : start + BATCH] = scores(self.recipe.estimator, self.members, features, len(self.known))
        return found

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
        """Read what `write` wrote."""
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
        return cls(known, calibration, recipe, tfidf, members, num_fitted)


def _calibration(content: dict[str, Any] | None) -> Calibration | None:
    return None if content is None else Calibration.from_json(content)
