"""The stage that finds labelled products that are the same article and yet of different classes."""

from pathlib import Path
from typing import Any

import pandas as pd

from rakuten.normalisation import normalise_title
from rakuten.outputs import StageOutput
from rakuten.stages import stage

CONFLICTS = "conflicts.parquet"

KINDS = ("title", "text", "image")


@stage(version=1)
def find_duplicates(out: Path, clean: StageOutput) -> dict[str, Any]:
    """Find labelled products with the same title, the same title and description, or the same image.

    Args:
        out: Work folder.
        clean: `clean_products` of a dump with labels.

    Returns:
        Facts: for each of title, text and image: duplicates (products that are not the only one), conflicting (those of
        them whose class is not that of all).

    Output:
        conflicts.parquet: The conflicting products: kind ("title", "text" or "image"), group (0, 1, 2 …), productid,
            prdtypecode; largest groups first.
    """
    columns = ["productid", "prdtypecode", "designation", "description", "image_digest"]
    products = pd.read_parquet(clean.file("train.parquet"), columns=columns)
    titles = products["designation"].map(normalise_title)
    texts = titles + "\n" + products["description"].map(normalise_title)
    same = {"title": titles.where(titles != ""), "text": texts.where(titles != ""), "image": products["image_digest"]}
    facts: dict[str, Any] = {}
    found = []
    for kind in KINDS:
        repeated = products[same[kind].notna() & same[kind].duplicated(keep=False)]
        groups = repeated.groupby(same[kind])
        conflicting = repeated[groups["prdtypecode"].transform("nunique") > 1]
        facts[kind] = {"duplicates": len(repeated), "conflicting": len(conflicting)}
        found.append(_numbered(conflicting, same[kind]).assign(kind=kind))
    rows = pd.concat(found, ignore_index=True)
    rows[["kind", "group", "productid", "prdtypecode"]].to_parquet(out / CONFLICTS, index=False)
    return facts


def _numbered(rows: pd.DataFrame, same: "pd.Series[str]") -> pd.DataFrame:
    """Rows with the number of their group, the largest group first, then by the lowest productid."""
    groups = rows.groupby(same.loc[rows.index])["productid"]
    ordered = rows.assign(size=groups.transform("size"), lowest=groups.transform("min"))
    ordered = ordered.sort_values(["size", "lowest", "productid"], ascending=[False, True, True])
    return ordered.assign(group=pd.factorize(ordered["lowest"])[0])
