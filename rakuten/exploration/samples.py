"""The stage that draws contact sheets: a few photos of each class, and those whose labels are to be reviewed."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from rakuten.dumps.snapshot_files import SnapshotFiles
from rakuten.exploration.products import by_group
from rakuten.exploration.profile import read_profile
from rakuten.exploration.repeats import REVIEW_FILE
from rakuten.images.decoding import WHITE
from rakuten.images.resizing import decode_square
from rakuten.outputs import StageOutput, report_progress
from rakuten.stages import stage

SHEETS_FOLDER = "sheets"
PHOTOS_FOLDER = "photos"
SAMPLES_FILE = "samples.parquet"

PER_CLASS = 8
# Twice what the page shows, for screens of two pixels a point; photos to review stand alone and small.
SHEET_SIDE, PHOTO_SIDE = 144, 112
GAP = 6
QUALITY = 72
# Groups of each kind that the page shows, and photos of each.
REVIEWED, PHOTOS_A_GROUP = 12, 4


@stage(version=1, libraries=("pillow",), ignore=("dump",))
def draw_samples(
    out: Path, profile: StageOutput, repeats: StageOutput, snapshot: StageOutput, dump: Path
) -> dict[str, Any]:
    """Draw a contact sheet of each class and the photos of groups to review.

    Args:
        out: Work folder.
        profile: `profile_products`.
        repeats: `find_repeats` of it.
        snapshot: `record_snapshot` of the dump.
        dump: Where the dump is on this machine.

    Returns:
        Number of photos drawn.

    Raises:
        DumpError: If an image cannot be read, or changed since the snapshot.

    Output:
        sheets/: <prdtypecode>.webp, or all.webp for products without labels: photos in a row. Which ones depends on
            their digests alone, so that a grown dump shows others only where it brought others.
        photos/: <digest>.webp of groups to review.
        samples.parquet: sheet, place, part, productid, image_digest.
    """
    frame = read_profile(profile, ["part", "productid", "prdtypecode", "image_digest", "image_state"])
    usable = frame[frame["image_state"] == "usable"].drop_duplicates("image_digest")
    labelled = usable[usable["prdtypecode"].notna()]
    sheets = {
        "all" if code is None else str(code): _sample(members)
        for code, members in by_group(usable, labelled)
        if code is not None or labelled.empty
    }
    photos = _to_review(pd.read_parquet(repeats.file(REVIEW_FILE)))
    total = sum(map(len, sheets.values())) + len(photos)
    done = 0
    for folder in (SHEETS_FOLDER, PHOTOS_FOLDER):
        (out / folder).mkdir(exist_ok=True)
    with SnapshotFiles(snapshot, dump) as files:
        for name, members in sheets.items():
            report_progress(done, total, "photos")
            squares = [_square(files, digest, SHEET_SIDE) for digest in members["image_digest"]]
            if squares:
                _sheet(squares).save(out / SHEETS_FOLDER / f"{name}.webp", quality=QUALITY)
            done += len(squares)
        for digest in photos:
            report_progress(done, total, "photos")
            _square(files, digest, PHOTO_SIDE).save(out / PHOTOS_FOLDER / f"{digest}.webp", quality=QUALITY)
            done += 1
    tables = [members.assign(sheet=name, place=range(len(members))) for name, members in sheets.items()]
    columns = ["sheet", "place", "part", "productid", "image_digest"]
    chosen = pd.concat(tables) if tables else pd.DataFrame(columns=columns)
    chosen[columns].to_parquet(out / SAMPLES_FILE, index=False)
    return {"photos": done}


def shown_groups(review: pd.DataFrame) -> pd.DataFrame:
    """The groups to review that a page has room for: the first of each kind."""
    return review.groupby("kind", sort=False).head(REVIEWED)


def _sample(members: pd.DataFrame) -> pd.DataFrame:
    """Products drawn by a digest of their image's digest: at random, and the same every time."""
    drawn = members["image_digest"].map(lambda digest: hashlib.sha256(digest.encode()).hexdigest())
    return members.loc[drawn.sort_values(kind="stable").index[:PER_CLASS]]


def _to_review(review: pd.DataFrame) -> list[str]:
    digests = [
        digest
        for group in shown_groups(review)["image_digests"]
        for digest in [found for found in group if found is not None][:PHOTOS_A_GROUP]
    ]
    return sorted(set(digests))


def _square(files: SnapshotFiles, digest: str, side: int) -> Image.Image:
    return Image.fromarray(decode_square(files.read_image(digest), side))


def _sheet(squares: Sequence[Image.Image]) -> Image.Image:
    sheet = Image.new("RGB", (PER_CLASS * (SHEET_SIDE + GAP) - GAP, SHEET_SIDE), WHITE)
    for place, square in enumerate(squares):
        sheet.paste(square, (place * (SHEET_SIDE + GAP), 0))
    return sheet
