"""Stage `find_duplicates`: duplicate products with conflicting labels."""

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
    """Find duplicates among labelled products: same title, same title and description, or same image.

    Titles and descriptions are compared after normalisation, images by the digest of their bytes.

    Returns:
        Facts: for each of title, text and image: duplicates (products in groups of two or more), conflicting (those in
        groups with more than one class).

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
    """Number the groups by descending size, ties by lowest productid."""
    groups = rows.groupby(same.loc[rows.index])["productid"]
    ordered = rows.assign(size=groups.transform("size"), lowest=groups.transform("min"))
    ordered = ordered.sort_values(["size", "lowest", "productid"], ascending=[False, True, True])
    return ordered.assign(group=pd.factorize(ordered["lowest"])[0])
