"""The last phase of a retraining, and the flow fuse: trained models scored, fused, decided on, explained and packed."""

import shlex
from dataclasses import replace
from pathlib import Path

from flows.prepare import Prepared, recorded_preparation
from flows.train import Trained, split_for_learning
from rakuten.fusion.scored_models import ScoredModels
from rakuten.fusion.stages import METHOD_NAMES
from rakuten.outputs import StageOutput
from rakuten.prediction.chosen_models import ChosenModels, choose_models
from rakuten.prediction.packing import TrainedModel
from rakuten.recipes import Plan, load_plan
from rakuten.reporting.stages import ReportedRun
from rakuten.runs.run_outputs import FindingOutputs, RunOutputs
from tasks import stages
from tasks.observability.artifacts import publish_run
from tasks.orchestration.flow_parameters import PlanName
from tasks.orchestration.project_flow import project_flow
from tasks.previous_run import find_previous
from tasks.runs import recorded_run, run_book
from tasks.weights import feature_weights


@project_flow("fuse")
def fuse(models: tuple[str, ...], plan: PlanName | None = None) -> str:
    """Fuse models that other runs have trained on the same products and split; score, decide, report and pack them.

    Args:
        models: RUN:RECIPE each: the id of a run, or the start of one, and a recipe that it has trained.
        plan: Name of a plan, or path of a plan file, whose fusion settings are used; none: those of the first run.

    Returns:
        The run's id.
    """
    chosen = choose_models(run_book(), models, load_plan(plan).fusion if plan else None)
    dumps = {name: value for name, value in chosen.run.parameters.items() if name in ("dump", "more_dumps")}
    with recorded_run("fuse", {"models": list(models), "plan": plan, **dumps}, chosen.plan) as run:
        made = compose(chosen, _command(models, plan))
        run.finish(made)
        publish_run(run, chosen.plan, made)
    return run.record.run


def compose(chosen: ChosenModels, command: str) -> RunOutputs:
    """Submit everything a fusion of chosen models does."""
    prepared = recorded_preparation(chosen.run)
    learning = split_for_learning(prepared.clean, chosen.plan, chosen.split)
    models = tuple(
        TrainedModel(model.recipe.name, model.scored, model.refitted, feature_weights(model.recipe))
        for model in chosen.models
    )
    return fuse_models(prepared, Trained(learning, chosen.plan.recipes, models), ReportedRun(chosen.plan, command))


def _command(models: tuple[str, ...], plan: str | None) -> str:
    """What to type for the same run."""
    named = [part for model in models for part in ("--model", model)]
    return shlex.join(["rakuten", "fuse", *named, *(("--plan", Path(plan).name) if plan else ())])


def fuse_models(prepared: Prepared, trained: Trained, run: ReportedRun) -> RunOutputs:
    """Submit the scoring of trained models and of their fusions, the decision, its explanation, report and package."""
    plan, clean, split = run.plan, prepared.clean, trained.data.split
    models = {model.name: model.scored for model in trained.models}
    fusions = fuse_all(plan, trained)
    evaluations = {
        name: stages.evaluate.submit(scored=output, split=split, name=name)
        for name, output in (models | fusions).items()
    }
    decision = stages.decide.submit(fusions=tuple(fusions.values()), split=split, decision=plan.fusion.decision)
    scored = ScoredModels(tuple(evaluations.values()), tuple(fusions.values()), decision)
    decided = stages.select_decided.submit(scored=scored)
    findings = explain(prepared, split, scored, decided)
    report = stages.render_report.submit(
        run=run,
        dumps=prepared.validated,
        clean=clean,
        split=split,
        scored=scored,
        findings=findings,
        previous=find_previous.submit(decided, plan.name, sorted(models)),
    )
    package = stages.package_model.submit(
        plan=plan,
        models=trained.models,
        scored=scored,
        corpus_words=trained.data.corpus_words,
        clean=clean,
        split=split,
        dumps=tuple(dump.named for dump in prepared.dumps),
    )
    return replace(
        prepared.outputs,
        clean_contract=trained.data.clean_contract,
        split=split,
        corpus_words=trained.data.corpus_words,
        models=models,
        refitted={model.name: model.refitted for model in trained.models if model.refitted},
        fusions=fusions,
        evaluations=evaluations,
        decision=decision,
        findings=findings,
        report=report,
        package=package,
    )


def fuse_all(plan: Plan, trained: Trained) -> dict[str, StageOutput]:
    """Submit every way to fuse that a plan asks for, by name."""
    names = tuple(model.name for model in trained.models)
    modalities = tuple(recipe.modality for recipe in trained.recipes)
    given = tuple(plan.fusion.weights[name] for name in names) if plan.fusion.weights else None
    return {
        METHOD_NAMES[method]: stages.fuse.submit(
            members=tuple(model.scored for model in trained.models),
            names=names,
            modalities=modalities,
            split=trained.data.split,
            method=method,
            calibrate=plan.fusion.calibrate,
            weights=given if method == "weighted" else None,
            skip_unseen=set(modalities) == {"image"},
        )
        for method in plan.fusion.methods
    }


def explain(prepared: Prepared, split: StageOutput, scored: ScoredModels, decided: StageOutput) -> FindingOutputs:
    """Submit what explains a decision's score: who it beats, where it fails, and what is odd about the data.

    Args:
        prepared, split: What the models were trained on.
        scored: All models and fusions.
        decided: Evaluation of the decision.
    """
    clean = prepared.clean
    near_twins = stages.find_near_twins.submit(clean=clean, split=split, images=prepared.images)
    label_errors = stages.find_label_errors.submit(scored=scored.decision, split=split)
    duplicates = stages.find_duplicates.submit(clean=clean)
    examples = stages.pick_examples.submit(
        evaluation=decided, clean=clean, label_errors=label_errors, near_twins=near_twins, duplicates=duplicates
    )
    pictured = [dump for dump in prepared.dumps if dump.has_images]
    snapshots, folders = tuple(dump.snapshot for dump in pictured), tuple(dump.path for dump in pictured)
    return FindingOutputs(
        differences=stages.compare_models.submit(evaluations=scored.evaluations, decided=decided),
        slices=stages.score_slices.submit(evaluation=decided, clean=clean, near_twins=near_twins),
        near_twins=near_twins,
        label_errors=label_errors,
        duplicates=duplicates,
        examples=examples,
        thumbnails=stages.cut_thumbnails.submit(examples=examples, snapshots=snapshots, dumps=folders)
        if pictured
        else None,
    )
