"""Stage `keep_test_products`: test products of a dump without train/test leakage from another dump."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rakuten.data.fitted_products import COLUMNS, FITTED_PRODUCTS, FittedProducts
from rakuten.data.split import SPLIT
from rakuten.outputs import StageOutput
from rakuten.prediction.package import ModelPackage
from rakuten.stages import stage


@stage(version=1)
def keep_test_products(
    out: Path,
    clean: StageOutput,
    splits: tuple[StageOutput, ...],
    fitted: tuple[ModelPackage | StageOutput, ...],
) -> dict[str, int]:
    """Keep the labelled test products of a dump that no model was fitted on, to prevent leakage.

    A test product of this dump may have been a train product of an earlier one: an edited title can change its split,
    and its image may have belonged to another product. Such products favour the model that was trained on them.

    Args:
        splits: `split_products`; a product is kept if it is a test product in all of them.
        fitted: Packages of the models, or `list_fitted_products` of their runs; have `fitted_products.parquet`.

    Returns:
        Facts: test_products, seen (excluded, because a model was fitted on them), products (kept).

    Raises:
        InputError: If a list of fitted products is unreadable.

    Output:
        train.parquet: As of `clean`, reduced to the kept products.
    """
    kept = pq.read_table(clean.file("train.parquet"))
    for split in splits:
        sides = pq.read_table(split.file(SPLIT), columns=["productid", "side"])
        test = sides.filter(pc.field("side") == "test").column("productid").combine_chunks()
        kept = kept.filter(pc.is_in(kept.column("productid"), test))
    test_products = len(kept)
    for model in fitted:
        seen = FittedProducts.read(model.folder / FITTED_PRODUCTS).contain(kept.select(COLUMNS).to_pandas())
        kept = kept.filter(pa.array(~seen))
    pq.write_table(kept, out / "train.parquet")
    return {"test_products": test_products, "seen": test_products - len(kept), "products": len(kept)}
