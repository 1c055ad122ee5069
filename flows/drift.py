"""The drift flow: a dump against the one that the champion learnt from."""

from flows.explore import profile
from flows.held_out_products import choose_test_products, predict_test_products
from flows.prepare import prepare
from rakuten.outputs import StageOutput
from rakuten.promotion.naming import CHAMPION
from rakuten.recipes import Plan
from rakuten.runs.records import RunRecord
from rakuten.runs.run_outputs import RunOutputs
from tasks import stages
from tasks.drift import publish_drift
from tasks.dumps import Dump, open_dump, recorded_dump
from tasks.orchestration.project_flow import project_flow
from tasks.predictions import classify, find_package, fitted_products
from tasks.promotion import run_of
from tasks.runs import recorded_run, run_book


@project_flow("drift")
def drift(dump: str, model: str = CHAMPION) -> str:
    """Measure how a dump differs from the one that the champion learnt from; what alarms is an event.

    Args:
        dump: Folder of the dump.
        model: "champion": the champion, or the newest completed run as long as nobody was ever promoted; "newest"; or
            id of a retrain run, or the start of one.

    Returns:
        The run's id.
    """
    learnt = run_of(model)
    with recorded_run("drift", {"dump": dump, "model": learnt.run}, Plan.model_validate(learnt.plan)) as run:
        opened = open_dump(dump)
        measured = compose_drift(opened, learnt)
        run.finish(RunOutputs(snapshot=opened.snapshot, drift=measured))
        publish_drift(run.record, measured)
    return run.record.run


def compose_drift(dump: Dump, learnt: RunRecord) -> StageOutput:
    """Submit what compares a dump with that of a run; the drift."""
    before, after = profile(recorded_dump(learnt)), profile(dump)
    return stages.measure_drift.submit(
        comparison=stages.compare_profiles.submit(before=before.profile, after=after.profile),
        known=run_book().evaluation(learnt),
        answers=ask(dump, learnt),
    )


def ask(dump: Dump, learnt: RunRecord) -> StageOutput:
    """Submit the products of a dump that a run's models never saw to its package: labelled ones where there are any."""
    package = find_package(learnt.run)
    if dump.has_labels:
        chosen = choose_test_products(package, dump, fitted=(fitted_products(package, learnt),))
        return predict_test_products(package, dump, chosen.kept)
    clean = prepare((dump,), package.record.plan.cleaning).clean
    return classify(package, dump, clean, "test" if dump.has_test else "train", variant="scored")
