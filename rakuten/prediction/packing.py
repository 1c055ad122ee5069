"""The stage that packs a run's models with all that prediction needs."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rakuten.data.classes import LABELS
from rakuten.data.fitted_products import FITTED_PRODUCTS, write_fitted_products
from rakuten.data.probabilities import PROBABILITIES, UNPICTURED
from rakuten.data.snapshot import generated_dumps
from rakuten.errors import MismatchError
from rakuten.evaluation.evaluate import HISTORY, METRICS
from rakuten.fusion.stages import DECISION, FUSION
from rakuten.images.weights import WeightsFile
from rakuten.outputs import StageOutput
from rakuten.outputs.atomic import write_whole
from rakuten.outputs.stage_output import file_digest, list_files
from rakuten.prediction.card import CardFacts, write_card
from rakuten.prediction.package import CARD, MODELS, PACKAGE, REFITTED, WEIGHTS, PackagedMember, PackageRecord
from rakuten.recipes import Plan
from rakuten.stages import stage
from rakuten.text.inputs import CORPUS_WORDS

# What a training leaves beside its model.
NOT_NEEDED = (PROBABILITIES, UNPICTURED, HISTORY)


@stage(version=2)
def package_model(
    out: Path,
    plan: Plan,
    names: tuple[str, ...],
    models: tuple[StageOutput, ...],
    refitted: tuple[StageOutput, ...],
    weights: tuple[WeightsFile | None, ...],
    decision: StageOutput,
    corpus_words: StageOutput,
    evaluations: tuple[StageOutput, ...],
    clean: StageOutput,
    split: StageOutput,
    snapshots: tuple[StageOutput, ...],
    dump_names: tuple[str, ...],
) -> dict[str, Any]:
    """Pack the models of a run, how they are fused, and what is to be known of them.

    Models are hard links to the trainings' files and cost no further disk; weights of backbones are copies.

    Args:
        out: Work folder.
        plan: What was run.
        names: Of the models' recipes.
        models: Trained models that were scored, one a name.
        refitted: The same, fitted to all labelled products, one a name; empty: they were not.
        weights: Of the backbones that make features for the models, one a name; None: it needs none, or random ones.
        decision: `decide`, of these models.
        corpus_words: `find_corpus_words`.
        evaluations: Of the models and fusions; the decision's is among them.
        clean: `clean_products`.
        split: `split_products`.
        snapshots: `record_snapshot` of each dump it was trained on.
        dump_names: What people call each of them.

    Returns:
        Facts: models, bytes.

    Raises:
        MismatchError: If the decision fuses other models than these, in another order.

    Output:
        What `rakuten.prediction.package` lays out.
    """
    members = decision.read_json(FUSION)["members"]
    expected, received = [member["key"] for member in members], [model.key for model in models]
    if expected != received:
        raise MismatchError(f"the decision fuses {expected}, expected the models to be packed, {received}")
    packed = [PackagedMember(name=name, scored=f"{MODELS}/{name}") for name in names]
    for member, model in zip(packed, models, strict=True):
        _link(model, out / member.scored)
    if refitted:
        packed = [member.model_copy(update={"refitted": f"{REFITTED}/{member.name}"}) for member in packed]
        for member, model in zip(packed, refitted, strict=True):
            _link(model, out / str(member.refitted))
    packed = [_with_weights(member, file, out) for member, file in zip(packed, weights, strict=True)]
    _link_file(decision, FUSION, out)
    _link_file(corpus_words, CORPUS_WORDS, out)
    write_fitted_products(out / FITTED_PRODUCTS, clean, split)
    scores = tuple(_scores(evaluation) for evaluation in evaluations)
    choice = decision.read_json(DECISION)
    decided = evaluations[[row["name"] for row in scores].index(choice["name"])]
    generated = generated_dumps(dump_names, snapshots)
    facts = CardFacts(plan, choice, decision.read_json(FUSION), scores, decided, clean, split, dump_names, generated)
    write_card(out / CARD, facts, is_refitted=bool(refitted))
    record = PackageRecord(
        plan=plan,
        classes=LABELS,
        decision=choice["name"],
        members=tuple(packed),
        scores=scores,
        libraries=_libraries([*models, *refitted, decision]),
        files={name: file_digest(out / name) for name in list_files(out)},
    )
    write_whole(out / PACKAGE, json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False))
    return {"models": len(models), "bytes": sum(file.size for file in record.files.values())}


def _link(model: StageOutput, target: Path) -> None:
    """Hard links to what predicting with a model needs."""
    for name in model.manifest.files:
        if name not in NOT_NEEDED:
            _link_file(model, name, target)


def _link_file(output: StageOutput, name: str, target: Path) -> None:
    path = target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    # An interrupted attempt may have left it.
    path.unlink(missing_ok=True)
    path.hardlink_to(output.file(name))


def _with_weights(member: PackagedMember, weights: WeightsFile | None, out: Path) -> PackagedMember:
    """The member with a copy of its backbone's weights: the original is not ours, and may change."""
    if weights is None:
        return member
    weights.check()
    place = f"{WEIGHTS}/{weights.path.name}"
    (out / WEIGHTS).mkdir(exist_ok=True)
    shutil.copyfile(weights.path, out / place)
    return member.model_copy(update={"weights": place})


def _scores(evaluation: StageOutput) -> dict[str, Any]:
    metrics = evaluation.read_json(METRICS)
    return {"name": metrics["name"], **metrics["test"]}


def _libraries(outputs: Sequence[StageOutput]) -> dict[str, str]:
    """Versions that the outputs were made with, Python's own first."""
    manifests = [output.manifest for output in outputs]
    versions = {"python": manifests[0].python}
    for manifest in manifests:
        versions |= manifest.identity["libraries"]
    return versions
