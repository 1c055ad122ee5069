"""The stage that writes predictions in the layout of the challenge's y file."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.dumps.layout import Part
from rakuten.errors import DumpError
from rakuten.outputs import StageOutput
from rakuten.stages import stage

SUBMISSION = "submission.csv"
PREDICTIONS = "predictions.parquet"


@stage(version=1)
def write_submission(out: Path, fused: StageOutput, clean: StageOutput, part: Part) -> dict[str, Any]:
    """Write one class for every product of a part, in the part's own order.

    Args:
        out: Work folder.
        fused: Has `probabilities.parquet` of at least the part's products.
        clean: Has the part's table with the columns index and productid.
        part: "test": the challenge's unlabelled part; "train": the labelled one.

    Returns:
        Facts: products, classes (how many different ones were answered).

    Raises:
        DumpError: If the part holds an index more than once.
        MismatchError: If a product has no probabilities, or stands in the part more than once.

    Output:
        submission.csv: As the challenge's y file: header `,prdtypecode`, then index and class code.
        predictions.parquet: index, productid, prdtypecode, probability (float64, of that class); same rows and order.
        probabilities.parquet: Of the same products in the same order.
    """
    rows = pd.read_parquet(clean.file(f"{part}.parquet"), columns=["index", "productid"])
    repeated = rows.loc[rows["index"].duplicated(), "index"]
    if len(repeated):
        raise DumpError(
            f"{part} part: expected every index once, received {len(repeated)} again, first {repeated.iat[0]}"
        )
    probabilities = Probabilities.read(fused.file(PROBABILITIES)).of(rows["productid"].to_numpy(np.int64))
    probabilities.write(out / PROBABILITIES)
    sureness = probabilities.values.max(axis=1, initial=0).astype(np.float64)
    predictions = rows.assign(prdtypecode=probabilities.predicted, probability=sureness)
    predictions.to_parquet(out / PREDICTIONS, index=False)
    lines = [f"{index},{code}" for index, code in zip(rows["index"], predictions["prdtypecode"], strict=True)]
    (out / SUBMISSION).write_text("\n".join([",prdtypecode", *lines]) + "\n", "utf-8")
    return {"products": len(rows), "classes": int(predictions["prdtypecode"].nunique())}
