"""The stage that keeps, of predictions for all labelled products, those that no model of the package was fitted on."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from rakuten.data.fitted_products import COLUMNS, FITTED_PRODUCTS, FittedProducts
from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.data.split import SPLIT
from rakuten.outputs import StageOutput
from rakuten.prediction.package import ModelPackage
from rakuten.stages import stage


@stage(version=2)
def keep_unfitted(
    out: Path, predictions: StageOutput, clean: StageOutput, split: StageOutput, fitted: ModelPackage | StageOutput
) -> dict[str, int]:
    """Keep the validation and test products that no model was fitted on.

    The split alone holds them apart within one dump. On a later dump, a product whose title was edited may have moved
    from train to test, and a new product may show an image that was trained on: those are dropped as well.

    Args:
        out: Work folder.
        predictions: Has `probabilities.parquet` of labelled products.
        clean: `clean_products` of the same dump.
        split: Has `split.parquet` of the same dump.
        fitted: The package that predicted, or `list_fitted_products` of its run; has `fitted_products.parquet`.

    Returns:
        Facts: products, kept, seen (validation and test products dropped because the models know them).

    Raises:
        InputError: If the list of fitted products cannot be read.

    Output:
        probabilities.parquet: The rows kept, in the order they came in.
    """
    probabilities = Probabilities.read(predictions.file(PROBABILITIES))
    listed = FittedProducts.read(fitted.folder / FITTED_PRODUCTS)
    products = pq.read_table(clean.file("train.parquet"), columns=COLUMNS).to_pandas()
    products = products.merge(pd.read_parquet(split.file(SPLIT), columns=["productid", "side"]), on="productid")
    # A validation product of the model's own dump stays one: it is scored apart from test products, and said to be.
    seen_in_train, seen = listed.contain(products, ("train",)), listed.contain(products)
    is_test, is_validation = products["side"] == "test", products["side"] == "validation"
    unseen = products[(is_test & ~seen) | (is_validation & ~seen_in_train)]
    kept = pd.Index(unseen["productid"]).get_indexer(pd.Index(probabilities.productids)) >= 0
    Probabilities(probabilities.productids[kept], probabilities.values[kept]).write(out / PROBABILITIES)
    dropped = int((is_test | is_validation).sum()) - len(unseen)
    return {"products": len(kept), "kept": int(kept.sum()), "seen": dropped}
