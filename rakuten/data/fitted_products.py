"""Products that a model was fitted on: their ids, and 64-bit digests of their titles and images.

The list travels with a model package, so that a later dump can be asked which of its products the model has already
seen: under the same id with an edited title, under another id with the same title, or with the same image. Train and
validation products are listed: on the latter, training is stopped, probabilities are calibrated and fusions are chosen.

Layout of the file: a Parquet table of split ("train", "validation"), kind (`KINDS`) and digest (uint64), sorted by
these, each once. 85,000 products take some 2 MB.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.data.split import SPLIT, normalise_title
from rakuten.errors import InputError
from rakuten.outputs import StageOutput
from rakuten.stages import stage

FITTED_PRODUCTS = "fitted_products.parquet"
COLUMNS = ["productid", "designation", "image_digest"]

FittedSplit = Literal["train", "validation"]
FITTED_SPLITS: tuple[FittedSplit, ...] = ("train", "validation")
KINDS = ("productid", "title", "image")

# A title that shows every step of the normalisation: where it comes out otherwise, digests of titles say nothing.
PROBE = "Éditión n° 5 — L'Œuvre &amp; <b>Ça</b> ① ﬁn\u00a0QualitÃ©"
PROBE_KEY = b"normalised probe"

Digests = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class FittedProducts:
    """What a model was fitted on.

    Attributes:
        digests: Sorted uint64 arrays by split and kind.
    """

    digests: dict[tuple[str, str], Digests]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a list.

        Raises:
            InputError: If the file is no such list, or its titles were normalised by another version.
        """
        try:
            table = pq.read_table(path)
            frame = table.select(["split", "kind", "digest"]).to_pandas()
        except (OSError, KeyError, pa.ArrowInvalid) as error:
            raise InputError(f"{path} is no list of fitted products: {str(error).splitlines()[0]}") from error
        if (table.schema.metadata or {}).get(PROBE_KEY) != _probe():
            raise InputError(f"{path} lists titles that another version of this program normalised")
        groups = frame.groupby(["split", "kind"])["digest"]
        return cls({key: np.sort(values.to_numpy(np.uint64)) for key, values in groups})

    def contain(self, products: pd.DataFrame, splits: Iterable[FittedSplit] = FITTED_SPLITS) -> npt.NDArray[np.bool_]:
        """Flag products whose id, title or image the model was fitted on.

        Args:
            products: With `COLUMNS`.
            splits: In which of its splits.

        Returns:
            bool (num_samples,).
        """
        seen = np.zeros(len(products), bool)
        for kind, digests in _digests(products).items():
            known = [self.digests[split, kind] for split in splits if (split, kind) in self.digests]
            for listed in known:
                rows = digests.index.to_numpy()
                seen[rows[np.isin(digests.to_numpy(np.uint64), listed)]] = True
        return seen


@stage(version=1)
def list_fitted_products(out: Path, clean: StageOutput, split: StageOutput) -> dict[str, Any]:
    """List the products of a split that models are fitted on; for packages that were made without the list.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products` of these.

    Returns:
        Facts: products of each split.

    Output:
        fitted_products.parquet: see the module.
    """
    return dict(write_fitted_products(out / FITTED_PRODUCTS, clean, split))


def write_fitted_products(path: Path, clean: StageOutput, split: StageOutput) -> dict[str, int]:
    """Write the list of a split's train and validation products.

    Args:
        path: Where.
        clean: `clean_products`.
        split: `split_products` of these.

    Returns:
        Number of products by split.
    """
    products = pd.read_parquet(clean.file("train.parquet"), columns=COLUMNS)
    sides = pd.read_parquet(split.file(SPLIT), columns=["productid", "side"])
    joined = products.merge(sides, on="productid", validate="one_to_one")
    fitted = {name: joined[joined["side"] == name].reset_index(drop=True) for name in FITTED_SPLITS}
    rows = [
        pd.DataFrame({"split": name, "kind": kind, "digest": np.unique(digests.to_numpy(np.uint64))})
        for name, frame in fitted.items()
        for kind, digests in _digests(frame).items()
    ]
    table = pa.Table.from_pandas(pd.concat(rows), _SCHEMA, preserve_index=False)
    pq.write_table(table.replace_schema_metadata({PROBE_KEY: _probe()}), path)
    return {name: len(frame) for name, frame in fitted.items()}


_SCHEMA = pa.schema([("split", pa.string()), ("kind", pa.string()), ("digest", pa.uint64())])


def _digests(products: pd.DataFrame) -> "dict[str, pd.Series[Any]]":
    """uint64 digests by kind, indexed by the row; a product without a title's letters, or an image, has none."""
    frame = products.reset_index(drop=True)
    titles = frame["designation"].fillna("").map(normalise_title)
    images = frame["image_digest"].dropna()
    return {
        "productid": frame["productid"].astype("uint64"),
        "title": titles[titles != ""].map(_digest_of_text).astype("uint64"),
        # SHA-256 in hexadecimal already: its first 64 bits are as even as all of it.
        "image": images.map(lambda digest: int(digest[:16], 16)).astype("uint64"),
    }


def _digest_of_text(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:8])


def _probe() -> bytes:
    return normalise_title(PROBE).encode()
