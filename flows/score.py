"""The score flow: a model package on a dump, scored on what it was never fitted to."""

from dataclasses import replace

from flows.prepare import prepare
from rakuten.dumps.layout import Part
from rakuten.outputs import StageOutput
from rakuten.prediction.package import ModelPackage
from rakuten.promotion.naming import CHAMPION
from rakuten.runs.records import RunRecord
from rakuten.runs.run_outputs import RunOutputs
from tasks import stages
from tasks.dumps import Dump, open_dump
from tasks.observability.artifacts import publish_scores
from tasks.orchestration.project_flow import project_flow
from tasks.predictions import classify, find_package, fitted_products, run_behind
from tasks.runs import recorded_run


@project_flow("score")
def score(dump: str, model: str = CHAMPION) -> str:
    """Apply the models of a run or package to a dump: predictions of its test part, scores on its labelled part.

    Args:
        dump: Folder of the dump.
        model: "champion": the champion, or the newest completed run as long as nobody was ever promoted; "newest"; id
            of a retrain run, or the start of one; or folder of a package.

    Returns:
        The run's id.
    """
    package = find_package(model)
    plan = package.record.plan
    with recorded_run("score", {"dump": dump, "model": package.key}, plan) as run:
        opened = open_dump(dump)
        made = compose_scoring(opened, package, run_behind(model))
        run.finish(made)
        run.decision = package.record.decision
        publish_scores(run, plan, made)
    return run.record.run


def compose_scoring(dump: Dump, package: ModelPackage, record: RunRecord | None) -> RunOutputs:
    """Submit a package's predictions and their scores.

    Args:
        dump: The dump.
        package: The package.
        record: The run that made it; None where only the folder is known.

    Raises:
        PackageError: If the dump has labels and it is unknown which products the package was fitted on.
    """
    plan, decision = package.record.plan, package.record.decision
    fitted = fitted_products(package, record) if dump.has_labels else None
    prepared = prepare((dump,), plan.cleaning)

    # Scores are of the models that did not see the test products, also where others were fitted to them since.
    def fused(part: Part) -> StageOutput:
        return classify(package, dump, prepared.clean, part, variant="scored")

    made = prepared.outputs
    if dump.has_test:
        submission = stages.write_submission.submit(fused=fused("test"), clean=prepared.clean, part="test")
        made = replace(made, submission=submission)
    if fitted is not None:
        split = stages.split_products.submit(clean=prepared.clean, recipe=plan.split)
        unfitted = stages.keep_unfitted.submit(
            predictions=fused("train"), clean=prepared.clean, split=split, fitted=fitted
        )
        evaluation = stages.evaluate.submit(scored=unfitted, split=split, name=decision)
        made = replace(made, split=split, evaluations={decision: evaluation})
    return made
