"""The stage that packs a run's models with all that prediction needs."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rakuten.catalogue.classes import LABELS
from rakuten.data.fitted_products import FITTED_PRODUCTS, write_fitted_products
from rakuten.data.named_dump import NamedDump
from rakuten.data.probabilities import PROBABILITIES, UNPICTURED
from rakuten.dumps.snapshot import generated_dumps
from rakuten.errors import MismatchError
from rakuten.evaluation.evaluate import HISTORY, METRICS
from rakuten.fusion.scored_models import ScoredModels
from rakuten.fusion.stages import FUSION
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


@dataclass(frozen=True)
class TrainedModel:
    """A model to be packed.

    Attributes:
        name: Of its recipe.
        scored: The trained model that was scored.
        refitted: The same, fitted to all labelled products; None: it was not.
        weights: Of the backbone that makes features for it; None: it needs none, or random ones.
    """

    name: str
    scored: StageOutput
    refitted: StageOutput | None = None
    weights: WeightsFile | None = None


@stage(version=2)
def package_model(
    out: Path,
    plan: Plan,
    models: tuple[TrainedModel, ...],
    scored: ScoredModels,
    corpus_words: StageOutput,
    clean: StageOutput,
    split: StageOutput,
    dumps: tuple[NamedDump, ...],
) -> dict[str, Any]:
    """Pack the models of a run, how they are fused, and what is to be known of them.

    Models are hard links to the trainings' files and cost no further disk; weights of backbones are copies.

    Args:
        out: Work folder.
        plan: What was run.
        models: All refitted, or none.
        scored: Their evaluations and fusions, and the decision among them.
        corpus_words: `find_corpus_words`.
        clean: `clean_products`.
        split: `split_products`.
        dumps: Those they were trained on.

    Returns:
        Facts: models, bytes.

    Raises:
        MismatchError: If the decision fuses other models than these, in another order.

    Output:
        What `rakuten.prediction.package` lays out.
    """
    fusion, choice = scored.decision.read_json(FUSION), scored.read_choice()
    expected, received = [member["key"] for member in fusion["members"]], [model.scored.key for model in models]
    if expected != received:
        raise MismatchError(f"the decision fuses {expected}, expected the models to be packed, {received}")
    packed = tuple(_pack(model, out) for model in models)
    _link_file(scored.decision, FUSION, out)
    _link_file(corpus_words, CORPUS_WORDS, out)
    write_fitted_products(out / FITTED_PRODUCTS, clean, split)
    scores = tuple(_scores(evaluation) for evaluation in scored.evaluations)
    decided = scored.evaluations[[row["name"] for row in scores].index(choice["name"])]
    dump_names = [dump.name for dump in dumps]
    generated = generated_dumps(dump_names, [dump.snapshot for dump in dumps])
    facts = CardFacts(plan, choice, fusion, scores, decided, clean, split, dump_names, generated)
    write_card(out / CARD, facts, is_refitted=any(model.refitted for model in models))
    record = PackageRecord(
        plan=plan,
        classes=LABELS,
        decision=choice["name"],
        members=packed,
        scores=scores,
        libraries=_libraries([*_outputs(models), scored.decision]),
        files={name: file_digest(out / name) for name in list_files(out)},
    )
    write_whole(out / PACKAGE, json.dumps(record.model_dump(mode="json"), indent=1, ensure_ascii=False))
    return {"models": len(models), "bytes": sum(file.size for file in record.files.values())}


def _outputs(models: Sequence[TrainedModel]) -> list[StageOutput]:
    return [output for model in models for output in (model.scored, model.refitted) if output is not None]


def _pack(model: TrainedModel, out: Path) -> PackagedMember:
    """Link a model's files and copy its weights."""
    member = PackagedMember(name=model.name, scored=f"{MODELS}/{model.name}")
    _link(model.scored, out / member.scored)
    if model.refitted is not None:
        member = member.model_copy(update={"refitted": f"{REFITTED}/{model.name}"})
        _link(model.refitted, out / REFITTED / model.name)
    return _with_weights(member, model.weights, out)


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
