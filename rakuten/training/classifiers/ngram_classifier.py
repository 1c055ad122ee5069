"""A linear classifier over n-grams of titles and descriptions: fitting, probabilities, and its files.

Its files are JSON and plain arrays: reading them runs no code, and equal models are equal bytes.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import numpy.typing as npt

from rakuten.catalogue.classes import CODES
from rakuten.data.label_masking import require_open
from rakuten.errors import InputError, OutputError
from rakuten.outputs.atomic import write_whole
from rakuten.recipes import TextNgramsRecipe
from rakuten.text.ngrams import Kind, Ngrams, Tfidf
from rakuten.training.classifiers.calibration import Calibration, uncalibrated
from rakuten.training.classifiers.classifier import Classifier

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Floats = npt.NDArray[np.float32]
Field = Literal["designation", "description"]
# Column of texts of equal length, one a field.
Texts = dict[Field, Sequence[str]]

STRUCTURE = "ngrams.json"
ARRAYS = "ngrams.npz"

# liblinear's own default is 0.1 and scikit-learn's 1e-4; from here down only the time grows, not the F1.
TOLERANCE = 1e-2

# Products whose features are held at a time when predicting.
BATCH = 4_096


@dataclass(frozen=True)
class Block:
    """One kind of n-gram of one field, times a factor."""

    field: Field
    weight: float
    tfidf: Tfidf

    def transform(self, texts: Texts) -> "csr_matrix":
        """float32 (num_texts, num_terms)."""
        return self.tfidf.transform(texts[self.field]) * np.float32(self.weight)


@dataclass(frozen=True)
class NgramClassifier(Classifier[Texts]):
    """A linear SVM, one class against the rest, with calibrated probabilities.

    Reference:
        Fan et al. (2008), LIBLINEAR: A Library for Large Linear Classification.

    Attributes:
        blocks: What makes the features, in the order of the rows of `coefficients`.
        coefficients: float32 (num_features, num_known).
        intercepts: float32 (num_known,).
        calibration: Of the scores; always there.
    """

    calibration: Calibration
    blocks: tuple[Block, ...]
    coefficients: npt.NDArray[np.float32]
    intercepts: npt.NDArray[np.float32]

    @classmethod
    def fit(cls, texts: Texts, targets: npt.NDArray[np.int64], recipe: TextNgramsRecipe) -> Self:
        """Texts are as `ngram_text` makes them; some n-gram must occur in `min_df` of them."""
        from scipy.sparse import hstack
        from sklearn.svm import LinearSVC

        require_open(targets, f"fit {recipe.name}")
        known = np.unique(targets)
        if len(known) < 2:
            raise InputError(
                f"{recipe.name} needs train rows of at least 2 classes, got {len(targets)} of {len(known)}"
            )
        blocks, features = _fit_blocks(texts, recipe)
        if not blocks:
            raise InputError(f"{recipe.name}: no n-gram occurs in {recipe.min_df} of the {len(targets)} train texts")
        weighting = None if recipe.class_weight == "none" else recipe.class_weight
        svm = LinearSVC(C=recipe.c, class_weight=weighting, tol=TOLERANCE, random_state=recipe.seed)
        svm.fit(hstack(features, format="csr"), targets)
        coefficients, intercepts = svm.coef_, svm.intercept_
        if len(known) == 2:
            # Of two classes scikit-learn keeps only the score of the second.
            coefficients, intercepts = np.vstack([-coefficients, coefficients]), np.hstack([-intercepts, intercepts])
        arrays = np.ascontiguousarray(coefficients.T, np.float32), intercepts.astype(np.float32)
        return cls(known, uncalibrated(len(known)), blocks, *arrays)

    def scores(self, texts: Texts) -> npt.NDArray[np.float32]:
        """Signed distances to the planes of the known classes, float32 (num_texts, num_known)."""
        from scipy.sparse import hstack

        num_texts = len(texts["designation"])
        scores = np.empty((num_texts, len(self.known)), np.float32)
        for start in range(0, num_texts, BATCH):
            batch: Texts = {field: column[start : start + BATCH] for field, column in texts.items()}
            features = hstack([block.transform(batch) for block in self.blocks], format="csr")
            scores[start : start + BATCH] = features @ self.coefficients + self.intercepts
        return scores

    def write(self, folder: Path) -> None:
        """Write `ngrams.json` and `ngrams.npz` into a folder."""
        structure = {
            "codes": [CODES[target] for target in self.known],
            "calibration": self.calibration.as_json(),
            "blocks": [
                {"field": block.field, "weight": block.weight, **asdict(block.tfidf.ngrams), "terms": block.tfidf.terms}
                for block in self.blocks
            ],
        }
        write_whole(folder / STRUCTURE, json.dumps(structure, ensure_ascii=False))
        arrays: dict[str, Any] = {f"idf_{position}": block.tfidf.idf for position, block in enumerate(self.blocks)}
        np.savez(folder / ARRAYS, coefficients=self.coefficients, intercepts=self.intercepts, **arrays)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what `write` wrote."""
        try:
            structure = json.loads((folder / STRUCTURE).read_text("utf-8"))
            with np.load(folder / ARRAYS, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            found = cls._of(structure, arrays)
        except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise OutputError(f"{folder.name} holds no n-gram classifier that can be read: {error}") from error
        shape = sum(len(block.tfidf.terms) for block in found.blocks), len(found.known)
        if found.coefficients.shape != shape or any(len(b.tfidf.idf) != len(b.tfidf.terms) for b in found.blocks):
            raise OutputError(
                f"{folder.name}: {ARRAYS} does not belong to {STRUCTURE}: expected coefficients of shape {shape}, "
                f"received {found.coefficients.shape}"
            )
        return found

    @classmethod
    def _of(cls, structure: dict[str, Any], arrays: dict[str, npt.NDArray[Any]]) -> Self:
        blocks = tuple(
            Block(
                block["field"],
                block["weight"],
                Tfidf(
                    Ngrams(block["kind"], block["shortest"], block["longest"]),
                    tuple(block["terms"]),
                    arrays[f"idf_{position}"],
                ),
            )
            for position, block in enumerate(structure["blocks"])
        )
        known = np.array([CODES.index(code) for code in structure["codes"]], np.int64)
        calibration = Calibration.from_json(structure["calibration"])
        return cls(known, calibration, blocks, arrays["coefficients"], arrays["intercepts"])


def _fit_blocks(texts: Texts, recipe: TextNgramsRecipe) -> "tuple[tuple[Block, ...], list[csr_matrix]]":
    """Blocks with at least one term, and the features of the train rows of each."""
    kinds: dict[Kind, tuple[int, int]] = {"word": recipe.word_ngrams, "char": recipe.char_ngrams}
    weights: dict[Field, float] = {"designation": recipe.title_weight, "description": 1.0}
    blocks: list[Block] = []
    features: list[csr_matrix] = []
    for field, weight in weights.items():
        for kind, (shortest, longest) in kinds.items():
            ngrams = Ngrams(kind, shortest, longest)
            tfidf, matrix = Tfidf.fit(texts[field], ngrams, recipe.min_df, recipe.max_terms)
            if tfidf.terms:
                blocks.append(Block(field, weight, tfidf))
                features.append(matrix * np.float32(weight))
    return tuple(blocks), features
