"""Stages of fusion: `fuse` fits one fusion method, `decide` selects one for predictions."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np

from rakuten.catalogue.classes import CODES
from rakuten.data.probabilities import PROBABILITIES, UNPICTURED, Probabilities
from rakuten.errors import InputError, MismatchError
from rakuten.evaluation.ground_truth import SCORED_SIDES, Truth, read_truth, require_unfitted
from rakuten.fusion.alignment import Aligned, align
from rakuten.fusion.fitting import weighted_f1
from rakuten.fusion.fuser import Fuser
from rakuten.fusion.selection import Candidate, choose
from rakuten.outputs import StageOutput
from rakuten.recipes.plan import FusionMethod
from rakuten.stages import stage

FUSION = "fusion.json"
DECISION = "decision.json"

METHOD_NAMES: dict[FusionMethod, str] = {
    "single": "best model alone",
    "average": "average vote",
    "weighted": "weighted vote",
    "max": "max vote",
    "fitted": "fitted vote",
    "greedy": "greedy selection",
    "stacked": "stacking",
}


@stage(version=1, libraries=("numpy", "scipy"))
def fuse(
    out: Path,
    members: tuple[StageOutput, ...],
    names: tuple[str, ...],
    modalities: tuple[str, ...],
    split: StageOutput,
    method: FusionMethod,
    calibrate: bool,
    weights: tuple[float, ...] | None = None,
    skip_unseen: bool = False,
) -> dict[str, Any]:
    """Fit a fusion method on validation products by cross-fitting, and fuse the test products.

    Args:
        members: Trained models; each has `probabilities.parquet` of validation and test products, and
            `probabilities_unpictured.parquet` if it uses images but also predicts products without one.
        names: Names of the members.
        modalities: Modality that each member needs.
        method: Fusion method.
        calibrate: True for temperature scaling of each member before fusion, and of the fused probabilities.
        weights: For the method "weighted", one per member; None: validation F1.
        skip_unseen: True to skip and count products without predictions of any member instead of an error; for fusions
            of image models only, which cannot predict products without an image.

    Returns:
        Facts: products, fused_from_fewer (products that a member lacks), unseen (products that all members lack), and
        validation_f1_weighted (out-of-fold).

    Raises:
        InputError: If a member has no validation products.
        MismatchError: If a member has products outside the split's validation and test products, a product is in no
            member (unless `skip_unseen`), or a member is given twice.

    Output:
        probabilities.parquet: Of the split's validation products (out-of-fold) and test products, without unseen ones.
        fusion.json: members (key, name, modality, temperature, validation_f1_weighted) and the fitted `Fuser`.
    """
    _require_distinct([member.key for member in members])
    truth = read_truth(split)
    probabilities = [Probabilities.read(member.file(PROBABILITIES)) for member in members]
    for member, values in zip(members, probabilities, strict=True):
        require_unfitted(values, truth, member.key)
    scores = [
        _validation_score(name, values, truth["validation"]) for name, values in zip(names, probabilities, strict=True)
    ]
    seen = {
        side: np.isin(truth[side].productids, np.concatenate([values.productids for values in probabilities]))
        for side in SCORED_SIDES
    }
    asked = {side: truth[side].productids[seen[side]] if skip_unseen else truth[side].productids for side in seen}
    validation = align(probabilities, asked["validation"])
    targets = _targets(truth["validation"], asked["validation"])
    fuser, answers = Fuser.fit(
        method,
        validation,
        targets,
        modalities,
        calibrate=calibrate,
        weights=weights,
        unpictured=_unpictured(members, probabilities, asked["validation"]),
    )
    test = align(probabilities, asked["test"])
    fused = fuser.apply(test)
    Probabilities(
        np.concatenate([validation.productids, fused.productids]),
        np.concatenate([answers.astype(np.float32), fused.values]),
    ).write(out / PROBABILITIES)
    described = [
        {"key": member.key, "name": name, "modality": modality, "validation_f1_weighted": score}
        for member, name, modality, score in zip(members, names, modalities, scores, strict=True)
    ]
    (out / FUSION).write_text(json.dumps({"members": described, **fuser.as_json()}), "utf-8")
    return {
        "products": len(validation) + len(test),
        "fused_from_fewer": int((~validation.has.all(axis=0)).sum() + (~test.has.all(axis=0)).sum()),
        "unseen": sum(int((~has).sum()) for has in seen.values()) if skip_unseen else 0,
        "validation_f1_weighted": weighted_f1(answers, targets),
    }


@stage(version=1, libraries=("numpy",))
def decide(
    out: Path, fusions: tuple[StageOutput, ...], split: StageOutput, decision: FusionMethod | Literal["auto"]
) -> dict[str, Any]:
    """Select the fusion for predictions, on validation products only.

    Args:
        fusions: Outputs of `fuse`, of the same members.
        decision: Fusion method, or "auto", see `choose`.

    Returns:
        Facts: method, validation_f1_weighted.

    Raises:
        InputError: If no fusion has the given method.

    Output:
        decision.json: method, name, fusion (its key), asked, reason; candidates: method, name, validation_f1_weighted,
            validation_loss, behind (difference from the highest F1), margin (one standard error of that difference).
        probabilities.parquet, fusion.json: Of the selected fusion.
    """
    validation = read_truth(split)["validation"]
    candidates = []
    for fusion in fusions:
        held_out = Probabilities.read(fusion.file(PROBABILITIES))
        asked = validation.productids[np.isin(validation.productids, held_out.productids)]
        method = fusion.read_json(FUSION)["method"]
        candidates.append(Candidate(method, held_out.of(asked).values, _targets(validation, asked)))
    choice = choose(candidates, decision)
    chosen = fusions[choice.place]
    for name in (PROBABILITIES, FUSION):
        (out / name).hardlink_to(chosen.file(name))
    method = candidates[choice.place].method
    content = {
        "method": method,
        "name": METHOD_NAMES[method],
        "fusion": chosen.key,
        "asked": decision,
        "reason": choice.reason,
        "candidates": [{"name": METHOD_NAMES[row.method], **asdict(row)} for row in choice.standings],
    }
    (out / DECISION).write_text(json.dumps(content, indent=2), "utf-8")
    return {"method": method, "validation_f1_weighted": chosen.facts["validation_f1_weighted"]}


def _unpictured(
    members: Sequence[StageOutput], probabilities: Sequence[Probabilities], productids: np.ndarray
) -> Aligned | None:
    """Probabilities with images hidden; None if no member has separate ones."""
    hidden = [
        Probabilities.read(member.file(UNPICTURED)) if (member.folder / UNPICTURED).is_file() else None
        for member in members
    ]
    if not any(hidden):
        return None
    return align([one or seen for one, seen in zip(hidden, probabilities, strict=True)], productids)


def _validation_score(name: str, probabilities: Probabilities, validation: Truth) -> float:
    known = np.isin(validation.productids, probabilities.productids)
    if not known.any():
        raise InputError(
            f"{name}: expected probabilities of validation products to judge it by, received those of 0 of the split's "
            f"{len(validation.productids)} validation products"
        )
    asked = validation.productids[known]
    return weighted_f1(probabilities.of(asked).values.astype(np.float64), _targets(validation, asked))


def _targets(truth: Truth, productids: np.ndarray) -> np.ndarray:
    """True class indices of a subset of the products, in the order of `truth`."""
    codes = truth.codes[np.isin(truth.productids, productids)]
    return np.searchsorted(np.asarray(CODES, np.int64), codes)


def _require_distinct(keys: Sequence[str]) -> None:
    if not keys or len(set(keys)) != len(keys):
        raise MismatchError(f"a fusion needs members that differ, at least one, received {list(keys)}")
