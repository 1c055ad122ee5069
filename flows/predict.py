"""The predict flow: a model package on the products of a dump."""

from flows.prepare import prepare
from rakuten.dumps.layout import Part
from rakuten.promotion.naming import CHAMPION
from rakuten.runs.run_outputs import RunOutputs
from tasks import stages
from tasks.contracts import contracts
from tasks.dumps import open_dump
from tasks.orchestration.project_flow import project_flow
from tasks.predictions import classify, deliver, find_package
from tasks.runs import recorded_run


@project_flow("predict")
def predict_products(dump: str, output: str, model: str = CHAMPION, part: Part = "test") -> int:
    """Predict the product type of a dump's products with the models of a run or package.

    Args:
        dump: Folder of the dump.
        output: CSV file to write, in the challenge's submission layout; probabilities go beside it as Parquet.
        model: "champion": the champion, or the newest completed run as long as nobody was ever promoted; "newest": that
            run; id of a retrain run, or the start of one; or the folder of a model package, as a run or another machine
            made it.
        part: Which products: "test" is the challenge's unlabelled part.

    Returns:
        Number of products predicted.
    """
    package = find_package(model)
    parameters = {"dump": dump, "output": output, "model": package.key, "part": part}
    with recorded_run("predict", parameters, package.record.plan) as run:
        opened = open_dump(dump)
        prepared = prepare((opened,), package.record.plan.cleaning)
        classified = classify(package, opened, prepared.clean, part)
        submission = stages.write_submission.submit(fused=classified, clean=prepared.clean, part=part)
        checked = stages.check_table.submit(
            table=submission, file="predictions.parquet", contract=contracts("predictions")[0]
        )
        run.finish(RunOutputs(snapshot=opened.snapshot, submission=submission, predictions_contract=checked))
        return deliver(submission, output)
