"""The stage that draws a range test: loss by learning rate, with the choice marked."""

from pathlib import Path

import pandas as pd

from rakuten.evaluation.plots import draw_rates
from rakuten.outputs import StageOutput
from rakuten.stages import stage

CURVE = "curve.parquet"
CHOICE = "choice.json"
RATE_PICTURE = "curve.png"


@stage(version=1, libraries=("matplotlib", "numpy"))
def draw_rate_curve(out: Path, found: StageOutput, name: str) -> None:
    """Draw what a search for a learning rate saw.

    Args:
        out: Work folder.
        found: A `find_…_rate` stage's: has `curve.parquet` and `choice.json`.
        name: The recipe's, drawn above.

    Output:
        curve.png: Loss of each rate, smoothed loss, the rate found, the one recommended, and where the loss diverged.
    """
    draw_rates(pd.read_parquet(found.file(CURVE)), found.read_json(CHOICE), name, out / RATE_PICTURE)
