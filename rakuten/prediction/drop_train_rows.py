"""Stage `keep_unfitted`: predictions of labelled products without those that a model was fitted on (no leakage)."""

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
    """Keep the validation and test products that no model was fitted on, to prevent leakage.

    Within one dump the split is sufficient. In a later dump, an edited title can move a product from train to test, and
    a new product can have an image of a train product: these are excluded as well.

    Args:
        predictions: Has `probabilities.parquet` of labelled products.
        fitted: Package of the predictions, or `list_fitted_products` of its run; has `fitted_products.parquet`.

    Returns:
        Facts: products, kept, seen (validation and test products excluded because a model was fitted on them).

    Raises:
        InputError: If the list of fitted products is unreadable.

    Output:
        probabilities.parquet: The kept rows, in the original order.
    """
    probabilities = Probabilities.read(predictions.file(PROBABILITIES))
    listed = FittedProducts.read(fitted.folder / FITTED_PRODUCTS)
    products = pq.read_table(clean.file("train.parquet"), columns=COLUMNS).to_pandas()
    products = products.merge(pd.read_parquet(split.file(SPLIT), columns=["productid", "side"]), on="productid")
    # Validation products of the model's own dump are kept: they are scored separately from test products.
    seen_in_train, seen = listed.contain(products, ("train",)), listed.contain(products)
    is_test, is_validation = products["side"] == "test", products["side"] == "validation"
    unseen = products[(is_test & ~seen) | (is_validation & ~seen_in_train)]
    kept = pd.Index(unseen["productid"]).get_indexer(pd.Index(probabilities.productids)) >= 0
    Probabilities(probabilities.productids[kept], probabilities.values[kept]).write(out / PROBABILITIES)
    dropped = int((is_test | is_validation).sum()) - len(unseen)
    return {"products": len(kept), "kept": int(kept.sum()), "seen": dropped}
