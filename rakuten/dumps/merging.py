"""Several dumps' products as those of one: where a product is in more than one, the last of them counts."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.dumps.joined_table import read_parts
from rakuten.dumps.layout import PARTS
from rakuten.outputs import StageOutput
from rakuten.stages import stage


@stage(version=1)
def merge_products(out: Path, accepted: tuple[StageOutput, ...]) -> Mapping[str, int]:
    """Put the products of several dumps together.

    A later dump knows more: of records with the same productid in the same part the one of the last dump is kept, with
    its text, label and image. Products keep their sides, which a product's own title decides.

    Args:
        out: Output folder.
        accepted: `accept_products` of each dump, the one that counts last at the end.

    Returns:
        Numbers of products by part, and of records that a later dump replaced.

    Output:
        train.parquet, test.parquet: As `accept_products` writes them, dumps in their order; `index` counts anew from 0,
            since every dump has its own.
    """
    facts: dict[str, int] = {}
    of_dumps = [read_parts(one) for one in accepted]
    for part in PARTS:
        tables = [tables[part] for tables in of_dumps if part in tables]
        if not tables:
            continue
        together = pa.concat_tables(tables)
        replaced = pd.Series(together.column("productid").to_numpy()).duplicated(keep="last").to_numpy()
        kept = together.filter(pa.array(~replaced))
        place = kept.schema.get_field_index("index")
        kept = kept.set_column(place, kept.schema.field("index"), pa.array(range(len(kept)), pa.int64()))
        pq.write_table(kept, out / f"{part}.parquet")
        facts |= {f"{part}_products": len(kept), f"{part}_replaced": int(replaced.sum())}
    return facts
