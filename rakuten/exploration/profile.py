"""The profile of a dump: one row a product with all that is known of its texts and its image."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.dumps.joined_table import read_parts
from rakuten.exploration.texts import TEXTS_FILE, TEXTS_SCHEMA
from rakuten.images.inspection import FINDINGS_SCHEMA, IMAGES_FILE, IMAGES_SCHEMA
from rakuten.images.measures import MEASURES_SCHEMA
from rakuten.outputs import StageOutput
from rakuten.outputs.pool import Shards
from rakuten.stages import stage

PROFILE_FILE = "products.parquet"

# What a product's image is: there and whole, absent, there and damaged, or its part of the dump has no images at all.
IMAGE_STATES = ("usable", "missing", "damaged", "no images")

PROFILE_SCHEMA = pa.schema(
    [
        *TEXTS_SCHEMA,
        ("imageid", pa.int64()),
        ("image_name", pa.string()),
        ("image_state", pa.string()),
        ("image_digest", pa.string()),
        *(field for field in FINDINGS_SCHEMA if field.name not in ("digest", "error")),
        *(field for field in MEASURES_SCHEMA if field.name != "digest"),
    ]
)


@stage(version=1)
def profile_products(
    out: Path,
    products: StageOutput,
    texts: StageOutput,
    images: StageOutput | None = None,
    measures: StageOutput | None = None,
) -> dict[str, Any]:
    """Bring together what is known of each product.

    Args:
        out: Work folder.
        products: `read_products`.
        texts: `profile_texts` of these.
        images: `inspect_images`; None for a dump without images.
        measures: `measure_images`; None likewise.

    Returns:
        Number of products.

    Output:
        products.parquet: one row a product: columns of `profile_texts`, imageid, image_name, image_state (one of
            `IMAGE_STATES`), what `inspect_images` found of its image (digest as image_digest) and what `measure_images`
            measured; null where it has no usable image.
    """
    ids = pa.concat_tables(
        [
            table.select(["productid", "imageid", "image_name"]).append_column("part", pa.array([part] * len(table)))
            for part, table in read_parts(products).items()
        ]
    ).to_pandas(types_mapper=pd.ArrowDtype)
    found = _images(images)
    profile: pd.DataFrame = pq.read_table(texts.file(TEXTS_FILE)).to_pandas(types_mapper=pd.ArrowDtype)
    profile = profile.merge(ids, on=["part", "productid"], validate="one_to_one")
    profile = profile.merge(found, on=["part", "image_name"], how="left", validate="one_to_one")
    profile["image_state"] = _states(profile, set(found["part"]))
    profile.loc[profile["image_state"] != "usable", "image_digest"] = None
    profile = profile.merge(_measures(measures), on="image_digest", how="left", validate="many_to_one")
    table = pa.Table.from_pandas(profile, PROFILE_SCHEMA, preserve_index=False)
    pq.write_table(table.replace_schema_metadata(None), out / PROFILE_FILE)
    return {"products": len(profile)}


def read_profile(profile: StageOutput, columns: list[str] | None = None) -> pd.DataFrame:
    """The profile of a dump, or some of its columns.

    Args:
        profile: `profile_products`.
        columns: None: all but the words.
    """
    path = profile.file(PROFILE_FILE)
    wanted = columns or [name for name in pq.read_schema(path).names if name != "words"]
    frame = pq.read_table(path, columns=wanted).to_pandas()
    return frame.astype({"prdtypecode": "Int64"}) if "prdtypecode" in wanted else frame


def _images(images: StageOutput | None) -> pd.DataFrame:
    columns = ["part", "name", *FINDINGS_SCHEMA.names]
    table = IMAGES_SCHEMA.empty_table() if images is None else pq.read_table(images.file(IMAGES_FILE))
    frame: pd.DataFrame = table.select(columns).to_pandas(types_mapper=pd.ArrowDtype)
    return frame.rename(columns={"name": "image_name", "digest": "image_digest"})


def _measures(measures: StageOutput | None) -> pd.DataFrame:
    tables = [] if measures is None else Shards(measures.folder).tables
    table = pa.concat_tables(tables or [MEASURES_SCHEMA.empty_table()])
    # A shard may hold images of other dumps, and two shards the same image.
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    return frame.rename(columns={"digest": "image_digest"}).drop_duplicates("image_digest")


def _states(profile: pd.DataFrame, pictured: set[str]) -> "pd.Series[str]":
    states = pd.Series("usable", index=profile.index)
    states[profile["image_digest"].isna()] = "missing"
    states[profile["error"].notna()] = "damaged"
    states[~profile["part"].isin(pictured)] = "no images"
    return states
