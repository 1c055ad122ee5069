"""Stage `package_model`: export of a run's models as a self-contained model package."""

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

# Files of a training that inference does not need.
NOT_NEEDED = (PROBABILITIES, UNPICTURED, HISTORY)


@dataclass(frozen=True)
class TrainedModel:
    """Trained model to be packaged.

    Attributes:
        name: Name of its recipe.
        scored: Scored model.
        refitted: Model refitted to all labelled products, or None.
        weights: Pre-trained weights of its feature extraction backbone; None for random weights or no backbone.
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
    """Package the models of a run with their fusion, model card and list of fitted products.

    Models are hard links to the trainings' files, without further disk space; weights of backbones are copies.

    Args:
        plan: Plan of the run.
        models: All of them refitted, or none.
        scored: Evaluations, fusions and decision.
        corpus_words: `find_corpus_words`.
        dumps: Training dumps.

    Returns:
        Facts: models, bytes.

    Raises:
        MismatchError: If the decision fuses other models, or in another order.

    Output:
        Layout of `rakuten.prediction.package`.
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
    """Hard-link a model's files and copy its weights."""
    member = PackagedMember(name=model.name, scored=f"{MODELS}/{model.name}")
    _link(model.scored, out / member.scored)
    if model.refitted is not None:
        member = member.model_copy(update={"refitted": f"{REFITTED}/{model.name}"})
        _link(model.refitted, out / REFITTED / model.name)
    return _with_weights(member, model.weights, out)


def _link(model: StageOutput, target: Path) -> None:
    """Hard-link the files of a model that inference needs."""
    for name in model.manifest.files:
        if name not in NOT_NEEDED:
            _link_file(model, name, target)


def _link_file(output: StageOutput, name: str, target: Path) -> None:
    path = target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    # Possibly left by an interrupted attempt.
    path.unlink(missing_ok=True)
    path.hardlink_to(output.file(name))


def _with_weights(member: PackagedMember, weights: WeightsFile | None, out: Path) -> PackagedMember:
    """Add a copy of the backbone's weights; not a hard link, because the original file is external and may change."""
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
    """Library versions of the outputs, Python first."""
    manifests = [output.manifest for output in outputs]
    versions = {"python": manifests[0].python}
    for manifest in manifests:
        versions |= manifest.identity["libraries"]
    return versions
