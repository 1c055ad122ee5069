"""The products a report shows one by one, and their thumbnails."""

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from rakuten.dumps.snapshot import list_dump, record_snapshot
from rakuten.outputs import StageOutput
from rakuten.reporting.examples import LONGEST_TITLE, OF_EACH_CONFUSION, pick_examples
from rakuten.reporting.thumbnails import SIZE, cut_thumbnails


@pytest.fixture
def examples(hand_made: Any) -> pd.DataFrame:
    """Ten products; 1 to 6 are 10s taken for 40s, ever more surely."""
    predictions = pd.DataFrame(
        {"productid": range(1, 7), "prdtypecode": 10, "predicted": 40, "confidence": np.arange(6) / 10 + 0.3}
    )
    confusions = pd.DataFrame({"prdtypecode": [10], "taken_for": [40], "share": [1.0], "count": [6]})
    errors = {"productid": [7, 8], "given": [50, 10], "suggested": [10, 50], "confidence": [0.9, 0.8]}
    twins = pd.DataFrame({"productid": [1, 2], "twin": [9, 9], "kind": ["text", "image"], "similarity": [0.95, 1.0]})
    conflicts = {"kind": "title", "group": 0, "productid": [3, 4, 5, 6], "prdtypecode": [10, 10, 10, 40]}
    titles = [f"Produit &eacute;t&eacute; <b>{number}</b>" for number in range(1, 10)] + ["mot " * 100]
    clean = pd.DataFrame(
        {"productid": range(1, 11), "prdtypecode": 10, "designation": titles, "image_digest": [None, *"abcdefghi"]}
    )
    output: StageOutput = hand_made.store.run(
        pick_examples,
        evaluation=hand_made.output(
            "evaluate-v2-0", {"confusions.parquet": confusions, "predictions.parquet": predictions}
        ),
        clean=hand_made.output("clean_products-v1-0", {"train.parquet": clean}),
        label_errors=hand_made.output(
            "find_label_errors-v1-0", {"label_errors.parquet": pd.DataFrame(errors).assign(side="test")}
        ),
        near_twins=hand_made.output("find_near_twins-v1-0", {"near_twins.parquet": twins}),
        duplicates=hand_made.output("find_duplicates-v1-0", {"conflicts.parquet": pd.DataFrame(conflicts)}),
    )
    return pd.read_parquet(output.file("examples.parquet"))


def of_section(examples: pd.DataFrame, section: str) -> list[list[Any]]:
    found = examples[examples["section"] == section]
    rows: list[list[Any]] = found[["group", "caption", "productid"]].to_numpy().tolist()
    return rows


def test_confusions_show_the_surest_answers(examples: pd.DataFrame) -> None:
    assert of_section(examples, "confusions") == [[0, "10 40", product] for product in (6, 5, 4, 3)]
    assert OF_EACH_CONFUSION == 4
    assert examples["note"].iat[0] == pytest.approx(0.8)


def test_each_kind_of_oddity_is_shown(examples: pd.DataFrame) -> None:
    assert of_section(examples, "label errors") == [[0, "50 10", 7], [1, "10 50", 8]]
    assert of_section(examples, "near-twins") == [[0, "image", 2], [0, "image", 9], [1, "text", 1], [1, "text", 9]]
    assert of_section(examples, "duplicates") == [[0, "title", 3], [0, "title", 6], [0, "title", 4]]


def test_titles_are_as_a_reader_of_the_shop_sees_them(examples: pd.DataFrame) -> None:
    assert examples["title"].iat[0] == "Produit été 6"
    assert examples["title"].str.len().max() <= LONGEST_TITLE


def test_thumbnails_are_small_pictures_of_the_images_that_decode(hand_made: Any, tmp_path: Any) -> None:
    folder = tmp_path / "dump"
    (folder / "images/image_train").mkdir(parents=True)
    (folder / "X_train_update.csv").write_text(",designation,description,productid,imageid\n")
    for product, size in ((1, (300, 200)), (2, (40, 40))):
        picture = Image.effect_noise(size, 80)
        picture.convert("RGB").save(folder / f"images/image_train/image_{product}_product_{product}.jpg")
    (folder / "images/image_train/image_3_product_3.jpg").write_bytes(b"broken")
    snapshot = hand_made.store.run(record_snapshot, listing=list_dump(folder))
    files = pd.read_parquet(snapshot.file("files.parquet"))
    digests = files.loc[files["name"].str.startswith("image"), "sha256"].tolist()
    examples = pd.DataFrame({"image_digest": [*digests, digests[0], None]})
    picked = hand_made.output("pick_examples-v1-0", {"examples.parquet": examples})
    output = hand_made.store.run(cut_thumbnails, examples=picked, snapshots=(snapshot,), dumps=(folder,))
    found = pd.read_parquet(output.file("thumbnails.parquet"))
    assert len(found) == output.facts["thumbnails"] == 2
    for webp in found["webp"]:
        with Image.open(io.BytesIO(webp)) as thumbnail:
            assert (thumbnail.format, thumbnail.size) == ("WEBP", (SIZE, SIZE))
    assert output.facts["bytes"] < 20_000
