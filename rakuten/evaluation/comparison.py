"""Paired comparison of two sets of predictions: bootstrap of the scores, McNemar's test, changed predictions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.errors import InputError
from rakuten.evaluation.difference import Difference
from rakuten.evaluation.paired_comparison import Paired, compare
from rakuten.statistics.mcnemar import McNemar, mcnemar

TO_RIGHT, TO_WRONG = "wrong → right", "right → wrong"


@dataclass(frozen=True)
class Comparison:
    """Comparison of a second set of predictions with a first.

    Attributes:
        paired: Scores of both and their differences, second - first.
        mcnemar: McNemar's test of equal accuracy.
        flips: Products that one of the two predicts correctly: productid, prdtypecode, first, second (predicted class
            codes) and flip, `TO_RIGHT` or `TO_WRONG`; ascending productid.
        changed_wrong: Number of products that both predict wrongly, as different classes.
        only_first, only_second: Number of test products of one set only.
        relabelled: Number of common test products with different labels; not compared.
    """

    paired: Paired
    mcnemar: McNemar
    flips: pd.DataFrame
    changed_wrong: int
    only_first: int
    only_second: int
    relabelled: int

    def as_json(self) -> dict[str, Any]:
        """Convert to JSON types, without the products."""
        return {
            "rows": self.paired.rows,
            "only_first": self.only_first,
            "only_second": self.only_second,
            "relabelled": self.relabelled,
            "scores": {
                name: {"first": score.first, "second": score.second, **_plain(score.difference)}
                for name, score in self.paired.scores.items()
            },
            "mcnemar": {
                "only_first_right": self.mcnemar.only_first,
                "only_second_right": self.mcnemar.only_second,
                "exact": self.mcnemar.exact,
                "mid": self.mcnemar.mid,
            },
            "changed_wrong": self.changed_wrong,
            "classes": [
                {
                    "prdtypecode": found.code,
                    "support": found.support,
                    "first": found.first,
                    "second": found.second,
                    **_plain(found.difference),
                }
                for found in self.paired.classes
            ],
        }


def compare_predictions(first: pd.DataFrame, second: pd.DataFrame) -> Comparison:
    """Compare two sets of predictions of test products, matched by productid.

    Args:
        first, second: Columns productid, prdtypecode, predicted, as from `read_predictions`.

    Raises:
        InputError: If there is no common product with the same label.
    """
    matched, common = match_predictions(first, second)
    codes, one, other = (matched[column].to_numpy(np.int64) for column in ("prdtypecode", "first", "second"))
    was_right, is_right = one == codes, other == codes
    return Comparison(
        paired=compare(codes, one, other),
        mcnemar=mcnemar(int((was_right & ~is_right).sum()), int((~was_right & is_right).sum())),
        flips=_flips(matched["productid"].to_numpy(np.int64), codes, one, other),
        changed_wrong=int((~was_right & ~is_right & (one != other)).sum()),
        only_first=len(first) - common,
        only_second=len(second) - common,
        relabelled=common - len(matched),
    )


def match_predictions(first: pd.DataFrame, second: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Join two sets of predictions by productid.

    Args:
        first, second: As for `compare_predictions`.

    Returns:
        Columns productid, prdtypecode, first, second (predicted class codes) of the common products with the same
        label, by ascending productid; and the number of common products with any label.

    Raises:
        InputError: If there is no common product with the same label.
    """
    common = first.merge(second, on="productid", suffixes=("_first", "_second"), validate="one_to_one")
    agreed = common["prdtypecode_first"] == common["prdtypecode_second"]
    matched = common[agreed].sort_values("productid", ignore_index=True)
    if matched.empty:
        raise InputError(
            "nothing to compare: expected products that are test products of both with the same class, received "
            f"{len(first)} and {len(second)} test products, {len(common)} of them in both, none with the same class"
        )
    names = {"prdtypecode_first": "prdtypecode", "predicted_first": "first", "predicted_second": "second"}
    return matched.rename(columns=names)[["productid", *names.values()]], len(common)


def _flips(
    productids: npt.NDArray[np.int64],
    codes: npt.NDArray[np.int64],
    one: npt.NDArray[np.int64],
    other: npt.NDArray[np.int64],
) -> pd.DataFrame:
    flipped = (one == codes) != (other == codes)
    columns = {"productid": productids, "prdtypecode": codes, "first": one, "second": other}
    frame = pd.DataFrame({name: values[flipped] for name, values in columns.items()})
    return frame.assign(flip=np.where(frame["second"] == frame["prdtypecode"], TO_RIGHT, TO_WRONG))


def _plain(difference: Difference) -> dict[str, Any]:
    return {
        "difference": difference.value,
        "interval": [difference.low, difference.high],
        "word": difference.word,
    }
