"""The score flow: a run's fused model on a dump, scored on what it was never fitted to."""

from typing import Any

from flows.declaring import project_flow
from flows.prepare import prepare
from rakuten.data.layout import Part
from tasks import stages
from tasks.artifacts import publish_scores
from tasks.dumps import Dump, open_dump
from tasks.futures import outputs_of
from tasks.models import ModelData, predict
from tasks.predictions import FusedModel, fused_model, members_for
from tasks.runs import recorded_run


@project_flow("score")
def score(dump: str, model: str = "newest") -> str:
    """Apply the fused model of a run to a dump: predictions of its test part, scores on its labelled part.

    Args:
        dump: Folder of the dump.
        model: Id of a retrain run, or the start of one; "newest": the newest completed one.

    Returns:
        The run's id.
    """
    trained = fused_model(model)
    with recorded_run("score", trained.plan, {"dump": dump, "model": trained.run}) as run:
        opened = open_dump(dump)
        composed = compose_scoring(opened, trained)
        run.outputs |= outputs_of({"snapshot": opened.snapshot, **composed})
        run.decision = trained.decision
        publish_scores(run, trained.plan, composed)
    return run.record.run


def compose_scoring(dump: Dump, trained: FusedModel) -> dict[str, Any]:
    """Submit a model's predictions and their scores; futures by role."""
    prepared = prepare(dump, trained.plan.cleaning)
    data = ModelData(dump=dump, clean=prepared.clean, corpus_words=trained.corpus_words)

    def fused(part: Part) -> Any:
        predictions = [predict(recipe, model, data, part) for recipe, model in members_for(trained, dump)]
        return stages.apply_fusion.submit(fusion=trained.fusion, predictions=tuple(predictions))

    composed = {"validation": prepared.validation, "clean": prepared.clean}
    if dump.has_test:
        submission = stages.write_submission.submit(fused=fused("test"), clean=prepared.clean, part="test")
        composed["submission"] = submission
    if dump.has_labels:
        split = stages.split_products.submit(clean=prepared.clean, recipe=trained.plan.split)
        unfitted = stages.keep_unfitted.submit(predictions=fused("train"), split=split)
        evaluation = stages.evaluate.submit(scored=unfitted, split=split, name=trained.decision)
        composed |= {"split": split, f"evaluation {trained.decision}": evaluation}
    return composed
