"""The stages that fuse models: once on the scored products, where weights are found, and on products to predict."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.errors import InputError, MismatchError
from rakuten.evaluation.scores import f1_weighted
from rakuten.evaluation.truth import SCORED_SIDES, Truth, read_truth, require_unfitted
from rakuten.fusion.votes import count_members, fuse
from rakuten.outputs import StageOutput
from rakuten.recipes.plan import Vote
from rakuten.stages import stage

WEIGHTS = "weights.json"


@stage(version=1, libraries=("numpy",))
def fuse_votes(
    out: Path, members: tuple[StageOutput, ...], split: StageOutput, vote: Vote, skip_unseen: bool = False
) -> dict[str, Any]:
    """Fuse the models' probabilities of the validation and test products.

    A member's weight is its weighted F1 on the validation products; test products never decide anything.

    Args:
        out: Work folder.
        members: Trained models' outputs; each has `probabilities.parquet` of validation and test products.
        split: Has `split.parquet`.
        vote: "weighted" or "max".
        skip_unseen: Whether products in no member are left out and counted, not refused: for image models alone,
            which cannot see products without an image.

    Returns:
        Facts: products, fused_from_fewer (products that a member lacks), unseen (products that all lack).

    Raises:
        InputError: If a member has no validation product to be weighed by.
        MismatchError: If a member has other products than the split's validation and test products, or one of those
            is in no member (unless `skip_unseen`), or a member is given twice.

    Output:
        probabilities.parquet: Of the split's validation and test products, unseen ones left out.
        weights.json: vote, and members: each key, validation_f1_weighted and weight (they sum to 1; null in a max
            vote, which has none).
    """
    _require_distinct([member.key for member in members])
    truth = read_truth(split)
    probabilities = [Probabilities.read(member.file(PROBABILITIES)) for member in members]
    for member, values in zip(members, probabilities, strict=True):
        require_unfitted(values, truth, member.key)
    scores = [
        _validation_score(member, values, truth["validation"])
        for member, values in zip(members, probabilities, strict=True)
    ]
    asked = np.concatenate([truth[side].productids for side in SCORED_SIDES])
    seen = np.isin(asked, np.concatenate([values.productids for values in probabilities]))
    productids = asked[seen] if skip_unseen else asked
    fuse(vote, probabilities, scores, productids).write(out / PROBABILITIES)
    weights = [None] * len(scores) if vote == "max" else _weights(scores)
    described = [
        {"key": member.key, "weight": weight, "validation_f1_weighted": score}
        for member, weight, score in zip(members, weights, scores, strict=True)
    ]
    (out / WEIGHTS).write_text(json.dumps({"vote": vote, "members": described}, indent=2), "utf-8")
    return _facts(probabilities, productids) | {"unseen": len(asked) - len(productids)}


@stage(version=1, libraries=("numpy",))
def apply_vote(out: Path, fusion: StageOutput, predictions: tuple[StageOutput, ...]) -> dict[str, Any]:
    """Fuse the models' predictions for other products, with the weights found on validation products.

    Predictions are matched to the fusion's members by the model that made them, so their order does not matter. A
    member may be left out as a whole (a dump without images): its weight goes to the others.

    Args:
        out: Work folder.
        fusion: What `fuse_votes` made.
        predictions: Outputs of stages that took a `model`; each has `probabilities.parquet`.

    Returns:
        Facts: products, fused_from_fewer (products that a prediction lacks).

    Raises:
        MismatchError: If a prediction was made by a model that is no member of the fusion, or two by the same.

    Output:
        probabilities.parquet: Of every product in any prediction, by ascending productid.
    """
    stored = fusion.read_json(WEIGHTS)
    weight_of = {member["key"]: member["weight"] for member in stored["members"]}
    models = [_model_of(prediction) for prediction in predictions]
    _require_distinct(models)
    for prediction, model in zip(predictions, models, strict=True):
        if model not in weight_of:
            raise MismatchError(
                f"{prediction.key} was made by {model}, expected a member of {fusion.key}: {sorted(weight_of)}"
            )
    probabilities = [Probabilities.read(prediction.file(PROBABILITIES)) for prediction in predictions]
    productids = np.unique(np.concatenate([values.productids for values in probabilities]))
    weights = [weight_of[model] or 0.0 for model in models]
    fuse(stored["vote"], probabilities, weights, productids).write(out / PROBABILITIES)
    return _facts(probabilities, productids)


def _validation_score(member: StageOutput, probabilities: Probabilities, validation: Truth) -> float:
    counts = validation.confusions(probabilities)
    if not counts.sum():
        raise InputError(
            f"{member.key}: expected probabilities of validation products to weigh it by, received those of 0 of the "
            f"split's {len(validation.productids)} validation products"
        )
    return float(f1_weighted(counts))


def _weights(scores: Sequence[float]) -> list[float | None]:
    total = sum(scores)
    return [score / total if total else 1 / len(scores) for score in scores]


def _model_of(prediction: StageOutput) -> str:
    inputs = prediction.manifest.identity["inputs"]
    if "model" not in inputs:
        raise MismatchError(f"{prediction.key}: expected predictions of a model, received inputs {sorted(inputs)}")
    return str(inputs["model"]["key"])


def _require_distinct(keys: Sequence[str]) -> None:
    if not keys or len(set(keys)) != len(keys):
        raise MismatchError(f"a vote needs members that differ, at least one, received {list(keys)}")


def _facts(probabilities: Sequence[Probabilities], productids: np.ndarray) -> dict[str, Any]:
    fewer = count_members(probabilities, productids) < len(probabilities)
    return {"products": len(productids), "fused_from_fewer": int(fewer.sum())}
