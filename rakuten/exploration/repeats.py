"""The stage that looks for what stands more than once: titles, descriptions, photos; and labels that contradict it."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rakuten.exploration.profile import read_profile
from rakuten.images.perceptual_hash import copy_groups
from rakuten.outputs import StageOutput
from rakuten.stages import stage

REPEATS_FILE = "repeats.parquet"
MEMBERS_FILE = "repeated_products.parquet"
REVIEW_FILE = "review.parquet"

# Kind of repetition → the column of equal values, and what that means.
KINDS = {
    "imageid": "same image number",
    "title": "same title (letters and digits)",
    "description": "same description (letters and digits)",
    "text": "same title and description",
    "image": "same image, byte for byte",
    "picture": "same picture, saved differently",
}
# What can make a label doubtful. A title may fit several classes when it says little: only if its photo differs too.
REVIEWED = ("image", "picture", "title")


@stage(version=1, libraries=("numpy",))
def find_repeats(out: Path, profile: StageOutput) -> dict[str, Any]:
    """Find products that repeat each other, and those among them whose labels differ.

    Args:
        out: Work folder.
        profile: `profile_products`.

    Returns:
        Numbers of groups to review by kind.

    Output:
        repeats.parquet: a row a kind of `KINDS`: groups, products (in groups of two and more), surplus (products but
            the first of each group), share (of surplus among the products that have such a value), groups in both
            parts, groups with several labels, products in these.
        repeated_products.parquet: every product of every group: kind, group, part, productid, prdtypecode,
            image_digest.
        review.parquet: groups with several labels: kind ("image"; "picture", where the bytes differ; "title", where
            the photos differ as well or there are none), group, products, labels, productids, prdtypecodes,
            image_digests; the largest number of labels first.
    """
    columns = ["part", "productid", "prdtypecode", "imageid", "title_key", "description_key", "image_digest"]
    frame = read_profile(profile, [*columns, "perceptual_hash", "image_state"])
    keys = _keys(frame)
    members = [_members(kind, keys[kind], frame) for kind in KINDS]
    pd.DataFrame([_row(kind, keys[kind], found) for kind, found in zip(KINDS, members, strict=True)]).to_parquet(
        out / REPEATS_FILE, index=False
    )
    repeated = pd.concat(members, ignore_index=True)
    repeated.to_parquet(out / MEMBERS_FILE, index=False)
    review = _review(repeated)
    review.to_parquet(out / REVIEW_FILE, index=False)
    return {f"{kind}_to_review": int((review["kind"] == kind).sum()) for kind in REVIEWED}


def _keys(frame: pd.DataFrame) -> dict[str, "pd.Series[Any]"]:
    """For each kind the value that repetitions share; null: the product has none."""
    titles, descriptions = frame["title_key"], frame["description_key"]
    usable = frame["image_state"] == "usable"
    distinct = frame[usable].drop_duplicates("image_digest")
    groups = copy_groups(distinct["perceptual_hash"].tolist())
    originals = dict(zip(distinct["image_digest"], distinct["image_digest"].to_numpy()[groups], strict=True))
    return {
        "imageid": frame["imageid"],
        "title": titles,
        "description": descriptions,
        "text": (titles + descriptions).where(titles.notna() & descriptions.notna()),
        "image": frame["image_digest"].where(usable),
        "picture": frame["image_digest"].map(originals).where(usable),
    }


def _members(kind: str, keys: "pd.Series[Any]", frame: pd.DataFrame) -> pd.DataFrame:
    """Products of groups of two and more; of pictures only the groups in which bytes differ."""
    repeated = keys.notna() & keys.duplicated(keep=False)
    found = frame.loc[repeated, ["part", "productid", "prdtypecode", "image_digest"]]
    found = found.assign(kind=kind, group=keys[repeated].astype(str))
    if kind == "picture" and len(found):
        found = found[found.groupby("group")["image_digest"].transform("nunique") > 1]
    return found[["kind", "group", "part", "productid", "prdtypecode", "image_digest"]]


def _row(kind: str, keys: "pd.Series[Any]", found: pd.DataFrame) -> dict[str, Any]:
    groups = found.groupby("group")
    labels = groups["prdtypecode"].nunique()
    sizes = groups.size()
    surplus = len(found) - len(sizes)
    return {
        "kind": kind,
        "means": KINDS[kind],
        "groups": len(sizes),
        "products": len(found),
        "surplus": surplus,
        "share": surplus / max(int(keys.notna().sum()), 1),
        "groups_in_both_parts": int((groups["part"].nunique() > 1).sum()),
        "groups_with_several_labels": int((labels > 1).sum()),
        "products_with_several_labels": int(sizes[labels > 1].sum()),
    }


def _review(repeated: pd.DataFrame) -> pd.DataFrame:
    rows = []
    labelled = repeated[repeated["prdtypecode"].notna() & repeated["kind"].isin(REVIEWED)]
    for (kind, group), members in labelled.groupby(["kind", "group"], sort=False):
        labels = members["prdtypecode"].nunique()
        one_image = members["image_digest"].nunique() == 1 and members["image_digest"].notna().all()
        # Titles whose image is the same too are told as images; twice would be once too much.
        if labels < 2 or (kind == "title" and one_image):
            continue
        rows.append(
            {
                "kind": kind,
                "group": group,
                "products": len(members),
                "labels": labels,
                "productids": members["productid"].tolist(),
                "prdtypecodes": members["prdtypecode"].astype(int).tolist(),
                "image_digests": members["image_digest"]
                .astype(object)
                .where(members["image_digest"].notna(), None)
                .tolist(),
            }
        )
    columns = ["kind", "group", "products", "labels", "productids", "prdtypecodes", "image_digests"]
    review = pd.DataFrame(rows, columns=columns)
    order = np.lexsort((review["group"], -review["products"].to_numpy(int), -review["labels"].to_numpy(int)))
    return review.iloc[order].reset_index(drop=True)
