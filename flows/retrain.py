"""The retrain flow: from a dump to scored models, their fusions, a decision and a report."""

import shlex
from dataclasses import dataclass
from typing import Any

from flows.declaring import project_flow
from flows.parameters import PlanName
from flows.prepare import Prepared, prepare_all
from rakuten.fusion.stages import METHOD_NAMES
from rakuten.recipes import Plan, Recipe, load_plan
from rakuten.recipes.plan import Modality
from tasks import stages
from tasks.artifacts import TEXT_STUDY, publish_run
from tasks.contracts import contracts
from tasks.dumps import Dump, open_dump
from tasks.futures import outputs_of
from tasks.models import ModelData, recipes_for, refit, train
from tasks.previous import find_previous
from tasks.runs import recorded_run
from tasks.weights import feature_weights


@dataclass(frozen=True)
class Retrained:
    """Futures of what a retraining makes, by what they are for."""

    prepared: Prepared
    checked: Any
    split: Any
    corpus_words: Any
    models: dict[str, Any]
    fusions: dict[str, Any]
    decision: Any
    evaluations: dict[str, Any]
    decided: Any
    findings: dict[str, Any]
    report: Any
    refitted: dict[str, Any]
    package: Any

    @property
    def roles(self) -> dict[str, Any]:
        """Every future that a run records, by role."""
        return {
            **self.prepared.roles,
            "clean contract": self.checked,
            "split": self.split,
            "corpus words": self.corpus_words,
            "report": self.report,
            "package": self.package,
            **{f"model {name}": future for name, future in self.models.items()},
            **{f"refitted {name}": future for name, future in self.refitted.items()},
            "decision": self.decision,
            **self.fusions,
            **{f"evaluation {name}": future for name, future in self.evaluations.items()},
            "evaluation decision": self.decided,
            **{role.replace("_", " "): future for role, future in self.findings.items()},
        }


@project_flow("retrain")
def retrain(
    dump: str, plan: PlanName = "default", modality: Modality = "both", more_dumps: tuple[str, ...] = ()
) -> str:
    """Train a plan's models on a dump, score them, fuse them and report.

    Args:
        dump: Folder of the dump.
        plan: Name of a plan, or path of a plan file.
        modality: Restrict the plan to its text or image models.
        more_dumps: Folders of further dumps, whose products are learnt from together with the first one's; of a product
            in several, the last dump's record counts.

    Returns:
        The run's id, by which `rakuten show` and `rakuten predict --model` know it.
    """
    return retrain_as("retrain", dump, plan, modality, more_dumps)


def retrain_as(name: str, dump: str, plan: str, modality: Modality, more_dumps: tuple[str, ...] = ()) -> str:
    """The body of every flow that trains a plan; `name` is what its run is recorded under."""
    chosen = load_plan(plan)
    parameters = {"dump": dump, "plan": plan, "modality": modality}
    more = {"more_dumps": list(more_dumps)} if more_dumps else {}
    with recorded_run(name, parameters | more, chosen) as run:
        opened = tuple(open_dump(folder) for folder in (dump, *more_dumps))
        composed = compose(opened, chosen, recipes_for(chosen, modality, *opened), is_study=name == TEXT_STUDY)
        run.outputs |= outputs_of({"snapshot": opened[0].snapshot, **composed.roles})
        publish_run(run, chosen, composed.evaluations, composed.decision, composed.report)
    return run.record.run


def compose(dumps: tuple[Dump, ...], plan: Plan, recipes: tuple[Recipe, ...], *, is_study: bool = False) -> Retrained:
    """Submit everything a retraining does; also walked by `rakuten plan`."""
    prepared = prepare_all(dumps, plan.cleaning)
    clean_contract = contracts("clean_products")[0]
    checked = stages.check_table.submit(table=prepared.clean, file="train.parquet", contract=clean_contract)
    split = stages.split_products.submit(clean=prepared.clean, recipe=plan.split)
    corpus_words = stages.find_corpus_words.submit(clean=prepared.clean, split=split, recipe=plan.cleaning)
    data = ModelData(dump=dumps[0], more=dumps[1:], clean=prepared.clean, corpus_words=corpus_words)
    models = {recipe.name: train(recipe, data, split) for recipe in recipes}
    fusions = fuse_all(plan, recipes, models, split)
    decision = stages.decide.submit(fusions=tuple(fusions.values()), split=split, decision=plan.fusion.decision)
    evaluations = {
        name: stages.evaluate.submit(scored=future, split=split, name=name)
        for name, future in (models | fusions).items()
    }
    # Which of them decides is known only once they have run.
    decided = stages.evaluate.submit(scored=decision, split=split, name="decision")
    findings = explain(decided, decision, evaluations, dumps, prepared, split)
    names = tuple(dump.path.name for dump in dumps)
    report = stages.render_report.submit(
        evaluations=tuple(evaluations.values()),
        fusions=tuple(fusions.values()),
        decision=decision,
        plan=plan,
        snapshots=tuple(dump.snapshot for dump in dumps),
        validations=prepared.validations,
        clean=prepared.clean,
        split=split,
        findings=findings,
        previous=find_previous(decided, plan.name, models),
        command=_command(TEXT_STUDY if is_study else "retrain", names, plan),
        dump_names=names,
        validation_pages=prepared.pages,
        is_study=is_study,
    )
    refitted = refit_all(plan, recipes, models, data, split)
    return Retrained(
        prepared=prepared,
        checked=checked,
        split=split,
        corpus_words=corpus_words,
        models=models,
        fusions=fusions,
        decision=decision,
        evaluations=evaluations,
        decided=decided,
        findings=findings,
        report=report,
        refitted=refitted,
        package=pack(plan, recipes, models, refitted, decision, evaluations, data, split),
    )


def _command(flow: str, dump_names: tuple[str, ...], plan: Plan) -> str:
    """What to type for the same run, without this machine's paths."""
    return shlex.join(
        ["rakuten", flow, *(part for name in dump_names for part in ("--dump", name)), "--plan", plan.name]
    )


def refit_all(
    plan: Plan, recipes: tuple[Recipe, ...], models: dict[str, Any], data: ModelData, split: Any
) -> dict[str, Any]:
    """Submit the fits to all labelled products that a plan asks for; futures by name, none where it asks for none."""
    if not plan.refit:
        return {}
    pooled = stages.pool_sides.submit(split=split)
    return {recipe.name: refit(recipe, data, pooled, models[recipe.name]) for recipe in recipes}


def pack(
    plan: Plan,
    recipes: tuple[Recipe, ...],
    models: dict[str, Any],
    refitted: dict[str, Any],
    decision: Any,
    evaluations: dict[str, Any],
    data: ModelData,
    split: Any,
) -> Any:
    """Submit the model package of a retraining."""
    return stages.package_model.submit(
        plan=plan,
        names=tuple(models),
        models=tuple(models.values()),
        refitted=tuple(refitted.values()),
        weights=tuple(feature_weights(recipe) for recipe in recipes),
        decision=decision,
        corpus_words=data.corpus_words,
        evaluations=tuple(evaluations.values()),
        clean=data.clean,
        split=split,
        snapshots=tuple(dump.snapshot for dump in data.dumps),
        dump_names=tuple(dump.path.name for dump in data.dumps),
    )


def fuse_all(plan: Plan, recipes: tuple[Recipe, ...], models: dict[str, Any], split: Any) -> dict[str, Any]:
    """Submit every way to fuse that a plan asks for; futures by name."""
    given = tuple(plan.fusion.weights[recipe.name] for recipe in recipes) if plan.fusion.weights else None
    return {
        METHOD_NAMES[method]: stages.fuse.submit(
            members=tuple(models.values()),
            names=tuple(models),
            modalities=tuple(recipe.modality for recipe in recipes),
            split=split,
            method=method,
            calibrate=plan.fusion.calibrate,
            weights=given if method == "weighted" else None,
            skip_unseen=all(recipe.modality == "image" for recipe in recipes),
        )
        for method in plan.fusion.methods
    }


def explain(
    decided: Any,
    decision: Any,
    evaluations: dict[str, Any],
    dumps: tuple[Dump, ...],
    prepared: Prepared,
    split: Any,
) -> dict[str, Any]:
    """Submit what explains a decision's score: who it beats, where it fails, and what is odd about the data.

    Args:
        decided: Evaluation of the decision.
        decision: The decision itself.
        evaluations: Of all models and fusions, by name.
        dumps, prepared, split: What they were made from.

    Returns:
        Futures by role, as `render_report` wants them.
    """
    clean = prepared.clean
    near_twins = stages.find_near_twins.submit(clean=clean, split=split, images=prepared.images)
    label_errors = stages.find_label_errors.submit(scored=decision, split=split)
    duplicates = stages.find_duplicates.submit(clean=clean)
    examples = stages.pick_examples.submit(
        evaluation=decided, clean=clean, label_errors=label_errors, near_twins=near_twins, duplicates=duplicates
    )
    pictured = [dump for dump in dumps if dump.has_images]
    snapshots, folders = tuple(dump.snapshot for dump in pictured), tuple(dump.path for dump in pictured)
    return {
        "differences": stages.compare_models.submit(evaluations=tuple(evaluations.values()), decided=decided),
        "slices": stages.score_slices.submit(evaluation=decided, clean=clean, near_twins=near_twins),
        "near_twins": near_twins,
        "label_errors": label_errors,
        "duplicates": duplicates,
        "examples": examples,
        "thumbnails": stages.cut_thumbnails.submit(examples=examples, snapshots=snapshots, dumps=folders)
        if pictured
        else None,
    }
