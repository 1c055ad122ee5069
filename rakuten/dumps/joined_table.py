"""Products of both parts as one table, labels and images beside them: what contracts look at."""

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.dumps.layout import PARTS, PRODUCT_TABLES, Part
from rakuten.outputs import StageOutput

IMAGES_FILE = "images.parquet"

# What the images contract may ask of an image.
PROPERTIES = ["digest", "bytes", "width", "height", "mode", "progressive", "white_share", "error"]


def read_parts(products: StageOutput) -> dict[Part, pa.Table]:
    """Tables of the parts that an output of `read_products` has."""
    tables = {}
    for part in PARTS:
        if (products.folder / f"{part}.parquet").is_file():
            tables[part] = pq.read_table(products.file(f"{part}.parquet"))
    return tables


def product_frame(parts: Mapping[Part, pa.Table]) -> pd.DataFrame:
    """Products of all parts, with two columns more: part, and file, the table they stood in."""
    frames = [
        table.to_pandas(integer_object_nulls=True).assign(part=part, file=PRODUCT_TABLES[part])
        for part, table in parts.items()
    ]
    return pd.concat(frames, ignore_index=True)


def labelled_frame(products: pd.DataFrame) -> pd.DataFrame:
    """Products of the part that may have labels; none where not one has."""
    train = products[products["part"] == "train"]
    labelled = train["prdtypecode"].notna()
    return train.astype({"prdtypecode": "Int64"}) if labelled.any() else train.iloc[:0]


def image_frame(products: pd.DataFrame, images: StageOutput | None) -> pd.DataFrame:
    """Products, each with what is known of its image; none where the dump has no images at all.

    Args:
        products: From `product_frame`.
        images: Output of `inspect_images`, or None.

    Returns:
        Columns of `products`, and image_digest (null where the image is missing or does not decode), image_missing
        (its name, null where the file is there), image_error, and what the image is like (`PROPERTIES`).
    """
    if images is None or not images.facts["images"]:
        return products.iloc[:0]
    found = pd.read_parquet(images.file(IMAGES_FILE))
    joined = products.merge(
        found[["part", "name", *PROPERTIES]].rename(columns={"name": "image_name", "error": "image_error"}),
        on=["part", "image_name"],
        how="left",
        validate="many_to_one",
    )
    joined["image_missing"] = joined["image_name"].where(joined["digest"].isna())
    joined["image_digest"] = joined["digest"].where(joined["image_error"].isna())
    return joined.drop(columns="digest")


def describe_images(pictured: pd.DataFrame, images: StageOutput | None) -> list[str]:
    """A line on the images of a dump.

    Args:
        pictured: From `image_frame`.
        images: Output of `inspect_images`, or None.
    """
    if images is None or not images.facts["images"]:
        return ["no images"]
    facts = images.facts
    missing = int(pictured["image_missing"].notna().sum())
    unclaimed = facts["images"] - (len(pictured) - missing)
    return [
        f"{facts['images']:,} images: {facts['duplicates']:,} duplicates, {facts['corrupt']:,} do not decode, "
        f"{unclaimed:,} of no product; {missing:,} of {len(pictured):,} products have none"
    ]


def usable_images(images: StageOutput) -> dict[tuple[str, str], str]:
    """(part, file name) → digest of every image that decodes."""
    columns = ["part", "name", "digest", "error"]
    table = pq.read_table(images.file(IMAGES_FILE), columns=columns)
    rows = zip(*(table.column(name).to_pylist() for name in columns), strict=True)
    return {(part, name): digest for part, name, digest, error in rows if error is None}
