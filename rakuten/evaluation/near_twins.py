"""Stage `find_near_twins`: near-duplicates of train products in the test split.

The split keeps equal titles and equal image bytes together. Near-duplicates remain: the same article in another size,
the same image resized or re-encoded. They leak from train to test, so the score is also reported without them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.dumps.joined_table import IMAGES_FILE
from rakuten.images.perceptual_hash import distance as hash_distance
from rakuten.outputs import StageOutput, report_progress
from rakuten.stages import stage
from rakuten.text.inputs import read_labelled

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

NEAR_TWINS = "near_twins.parquet"

# Lowest cosine similarity of the TF-IDF vectors of two near-duplicate texts.
SIMILAR = 0.9
# Batch size of test texts: their similarities to 70,000 train texts take some 100 MB.
BLOCK = 256
# Largest root mean square difference (of 255 levels) of the 12×12 thumbnails of two near-duplicate images. Measured on
# 540 real images: all copies at half the size or at JPEG quality 50 are below, different images are far above.
SAME_COLOURS = 2.0
# Largest distance of their perceptual hashes (difference hash), which separates images with mostly white background.
SAME_EDGES = 0.3


@stage(version=1, libraries=("numpy", "scikit-learn", "scipy"))
def find_near_twins(out: Path, clean: StageOutput, split: StageOutput, images: StageOutput | None) -> dict[str, Any]:
    """Find near-duplicate train products of each test product, by text and by image.

    Texts are cleaned titles and descriptions as word TF-IDF vectors, near-duplicates at a cosine similarity of at least
    0.9. Images are near-duplicates if thumbnail colours and perceptual hashes are close (`SAME_COLOURS`, `SAME_EDGES`).

    Args:
        images: `inspect_images`; None for a dump without images.

    Returns:
        Facts: test_rows, by_text, by_image, any (number of test products with a near-twin).

    Output:
        near_twins.parquet: productid (test), twin (train), kind ("text" or "image"), similarity (texts: cosine, 0.9..1;
            images: 1 - colour distance / 255).
    """
    products = read_labelled(clean, split, ["clean_text", "image_digest"]).sort_values("productid", ignore_index=True)
    test, train = (products[products["side"] == side] for side in ("test", "train"))
    found = [_by_text(test, train)]
    if images is not None:
        found.append(_by_image(test, train, images))
    twins = pd.concat(found, ignore_index=True)
    twins.to_parquet(out / NEAR_TWINS, index=False)
    kinds = twins["kind"].value_counts()
    return {
        "test_rows": len(test),
        "by_text": int(kinds.get("text", 0)),
        "by_image": int(kinds.get("image", 0)),
        "any": int(twins["productid"].nunique()),
    }


def most_similar(
    asked: Sequence[str], known: Sequence[str], threshold: float = SIMILAR
) -> Iterator[tuple[int, int, float]]:
    """Nearest-neighbour search over TF-IDF vectors, in batches: memory does not grow with `len(asked)`.

    Args:
        asked, known: Cleaned texts; an empty text has no near-duplicate.
        threshold: Lowest cosine similarity of a pair.

    Yields:
        For each text in `asked` with a near-duplicate: its index, the index of the most similar text in `known` (the
        first of ties), and their cosine similarity.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [*known, *asked]
    if not any(texts):
        return
    vectors = TfidfVectorizer(lowercase=False, token_pattern=r"\S+", dtype=np.float32).fit_transform(texts)
    # (num_terms, num_known) and (num_asked, num_terms); rows have unit norm, so products are cosines.
    of_known, of_asked = vectors[: len(known)].T.tocsr(), vectors[len(known) :]
    for start in range(0, len(asked), BLOCK):
        report_progress(start, len(asked), "products")
        yield from _best(of_asked[start : start + BLOCK] @ of_known, start, threshold)


def _best(cosines: "csr_matrix", start: int, threshold: float) -> Iterator[tuple[int, int, float]]:
    pairs = cosines.tocoo()
    # Rounded, because cosines of equal texts differ from 1 by floating-point error.
    values = np.minimum(pairs.data.round(4), 1)
    near = values >= threshold
    frame = pd.DataFrame({"row": pairs.row[near], "column": pairs.col[near], "value": values[near]})
    best = frame.sort_values(["row", "value", "column"], ascending=[True, False, True]).drop_duplicates("row")
    for row, column, value in best.itertuples(index=False):
        yield start + int(row), int(column), float(value)


def _by_text(test: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    asked, known = test["productid"].tolist(), train["productid"].tolist()
    pairs = most_similar(test["clean_text"].tolist(), train["clean_text"].tolist())
    return _twins([(asked[row], known[column], "text", cosine) for row, column, cosine in pairs])


def same_pictures(
    asked: npt.NDArray[np.uint8], known: npt.NDArray[np.uint8], threshold: float = SAME_COLOURS
) -> Iterator[tuple[int, int, float]]:
    """Find pairs of images with nearly the same thumbnail colours.

    Args:
        asked, known: uint8 (num_images, num_values), thumbnails from `look_of`.
        threshold: Largest root mean square difference of a pair.

    Yields:
        Index in `asked`, index in `known`, root mean square difference.
    """
    vectors, size = known.astype(np.float32), known.shape[1]
    squares = (vectors**2).sum(axis=1)
    for start in range(0, len(asked), BLOCK):
        report_progress(start, len(asked), "images")
        block = asked[start : start + BLOCK].astype(np.float32)
        rough = (block**2).sum(axis=1)[:, np.newaxis] + squares - 2 * block @ vectors.T
        # The expanded float32 form |a|² + |b|² - 2ab is inexact: loose threshold here, exact distance below.
        for row, column in np.argwhere(rough <= size * (threshold + 0.5) ** 2):
            gaps = asked[start + row].astype(np.float64) - known[column]
            distance = float(np.sqrt((gaps**2).mean()))
            if distance <= threshold:
                yield start + int(row), int(column), distance


def _by_image(test: pd.DataFrame, train: pd.DataFrame, images: StageOutput) -> pd.DataFrame:
    columns = ["digest", "perceptual_hash", "look"]
    seen = pd.read_parquet(images.file(IMAGES_FILE), columns=columns).dropna().drop_duplicates("digest")
    looked = seen.rename(columns={"digest": "image_digest"})
    asked, known = (side[["productid", "image_digest"]].merge(looked, on="image_digest") for side in (test, train))
    # Images shared by several train products are compared once.
    known = known.drop_duplicates("image_digest", ignore_index=True)
    if asked.empty or known.empty:
        return _twins([])
    asked_looks, known_looks = (_stacked(side["look"]) for side in (asked, known))
    edges = [side["perceptual_hash"].tolist() for side in (asked, known)]
    pairs = [
        (int(asked["productid"][row]), int(known["productid"][column]), "image", 1 - distance / 255)
        for row, column, distance in same_pictures(asked_looks, known_looks)
        if hash_distance(edges[0][row], edges[1][column]) <= SAME_EDGES
    ]
    pairs.sort(key=lambda pair: (pair[0], -pair[3], pair[1]))
    return _twins(pairs).drop_duplicates("productid", ignore_index=True)


def _stacked(looks: "pd.Series[bytes]") -> npt.NDArray[np.uint8]:
    return np.stack([np.frombuffer(look, np.uint8) for look in looks])


def _twins(pairs: list[tuple[int, int, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(pairs, columns=["productid", "twin", "kind", "similarity"])
    return frame.astype({"productid": np.int64, "twin": np.int64, "kind": str, "similarity": np.float64})
