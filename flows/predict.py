"""The predict flow: a run's fused model on the products of a dump."""

from prefect import flow

from flows.prepare import prepare
from rakuten.data.layout import Part
from rakuten.promotion.naming import CHAMPION
from tasks import stages
from tasks.contracts import contracts
from tasks.dumps import named_after_dump, open_dump
from tasks.futures import output_of, outputs_of
from tasks.models import ModelData, predict
from tasks.predictions import deliver, fused_model, members_for


@flow(name="predict", flow_run_name=named_after_dump)
def predict_products(dump: str, output: str, model: str = CHAMPION, part: Part = "test") -> int:
    """Predict the product type of a dump's products with the fused model of a run.

    Args:
        dump: Folder of the dump.
        output: CSV file to write, in the challenge's submission layout; probabilities go beside it as Parquet.
        model: "champion": the champion, or the newest completed run as long as nobody was ever promoted; "newest": that
            run; or the id of a retrain run, or the start of one.
        part: Which products: "test" is the challenge's unlabelled part.

    Returns:
        Number of products predicted.
    """
    trained = fused_model(model)
    opened = open_dump(dump)
    prepared = prepare(opened, trained.plan.cleaning)
    data = ModelData(dump=opened, clean=prepared.clean, corpus_words=trained.corpus_words)
    predictions = [predict(recipe, made, data, part) for recipe, made in members_for(trained, opened)]
    fused = stages.apply_fusion.submit(fusion=trained.fusion, predictions=tuple(predictions))
    submission = stages.write_submission.submit(fused=fused, clean=prepared.clean, part=part)
    checked = stages.check_table.submit(
        table=submission, file="predictions.parquet", contract=contracts("predictions")[0]
    )
    outputs_of({"submission": submission, "predictions contract": checked})
    return deliver(output_of(submission), output)
