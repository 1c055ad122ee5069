"""Class probabilities as they pass between models, evaluation and fusion: one format, checked on reading.

float32, one row a product, columns in the order of `classes.CODES`; stored as Parquet whose column names are the class
codes, so that nothing is ever matched by position.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.catalogue.classes import CODES, NUM_CLASSES
from rakuten.errors import MismatchError

PROBABILITIES = "probabilities.parquet"
# Of the same products, photos hidden; only of models that read texts and photos at once.
UNPICTURED = "probabilities_unpictured.parquet"


@dataclass(frozen=True)
class Probabilities:
    """Probabilities of products.

    Attributes:
        productids: int64 (num_samples,), unique.
        values: float32 (num_samples, 27), rows sum to 1, columns in the order of `CODES`.

    Raises:
        MismatchError: On building, if shapes disagree, ids repeat, values are no probabilities.
    """

    productids: npt.NDArray[np.int64]
    values: npt.NDArray[np.float32]

    def __post_init__(self) -> None:
        expected = (len(self.productids), NUM_CLASSES)
        if self.values.shape != expected:
            raise MismatchError(f"probabilities have shape {self.values.shape}, expected {expected}")
        if len(np.unique(self.productids)) != len(self.productids):
            raise MismatchError("probabilities hold a productid more than once")
        sums = self.values.sum(axis=1, dtype=np.float64)
        if not np.isfinite(self.values).all() or (self.values < 0).any() or not np.allclose(sums, 1, atol=1e-3):
            raise MismatchError("probabilities must be finite, not negative, and sum to 1 in each row")

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """The most probable class code of each product, int64 (num_samples,)."""
        return np.asarray(CODES, np.int64)[self.values.argmax(axis=1)]

    def of(self, productids: npt.NDArray[np.int64]) -> Self:
        """The rows of these products, in this order.

        Raises:
            MismatchError: If a product has no row.
        """
        places = {int(productid): row for row, productid in enumerate(self.productids)}
        absent = [int(productid) for productid in productids if int(productid) not in places]
        if absent:
            raise MismatchError(f"{len(absent)} of {len(productids)} products have no probabilities, first {absent[0]}")
        rows = [places[int(productid)] for productid in productids]
        return type(self)(self.productids[rows], self.values[rows])

    def write(self, path: Path) -> None:
        """Store as Parquet."""
        columns = {"productid": pa.array(self.productids, pa.int64())}
        columns |= {str(code): pa.array(self.values[:, column]) for column, code in enumerate(CODES)}
        pq.write_table(pa.table(columns), path)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote; columns may stand in any order.

        Raises:
            MismatchError: If its classes are not the 27 of the catalogue, or values are no probabilities.
        """
        table = pq.read_table(path)
        codes = {name for name in table.column_names if name != "productid"}
        if codes != {str(code) for code in CODES}:
            strange = sorted(codes.symmetric_difference(str(code) for code in CODES))
            raise MismatchError(f"{path.name}: its classes are not the catalogue's; they differ in {strange}")
        values = np.column_stack([table.column(str(code)).to_numpy() for code in CODES]).astype(np.float32)
        return cls(table.column("productid").to_numpy().astype(np.int64), values)
