"""Cleaning and corpus words as stages: what they write, from hand-made products."""

import json
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest

from rakuten.errors import OutputError, RecipeError
from rakuten.outputs import StageOutput
from rakuten.recipes import CleaningRecipe
from rakuten.text.stages import clean_products, digest_columns, find_corpus_words, frequent_everywhere

TITLES = ["Bâche de piscine &amp;eacute;t&eacute;", "Chaise <b>Œuf</b> 5 cm", "", "L'été & la mer < 3"]
DESCRIPTIONS = ["<p>Tr&egrave;s belle bâche</p>", None, "Les description", ""]


def accepted_frame(with_labels: bool) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "index": range(4),
            "designation": TITLES,
            "description": DESCRIPTIONS,
            "productid": [11, 12, 13, 14],
            "imageid": range(4),
            "image_digest": ["a" * 64, None, "b" * 64, None],
            "row": range(1, 5),
        }
    )
    return frame.assign(prdtypecode=[2583, 1560, 10, 2583]) if with_labels else frame


@pytest.fixture
def accepted(hand_made: Any) -> StageOutput:
    files = {"train.parquet": accepted_frame(True), "test.parquet": accepted_frame(False)}
    output: StageOutput = hand_made.output("accept_products-v1-a", files)
    return output


def test_texts_are_cleaned_beside_the_raw_ones(hand_made: Any, accepted: StageOutput) -> None:
    clean = hand_made.store.run(clean_products, accepted=accepted, recipe=CleaningRecipe())
    train = pd.read_parquet(clean.file("train.parquet"))
    assert train["clean_designation"].tolist() == ["bache piscine", "chaise oeuf cm", "", "mer"]
    assert train["clean_text"].tolist() == ["bache piscine belle bache", "chaise oeuf cm", "description", "mer"]
    assert train["designation"].tolist() == TITLES
    assert train["description"].tolist() == [text or "" for text in DESCRIPTIONS]
    assert clean.facts["train_without_description"] == 2
    assert clean.facts["train_without_words"] == 0


def test_only_the_labelled_part_has_labels(hand_made: Any, accepted: StageOutput) -> None:
    clean = hand_made.store.run(clean_products, accepted=accepted, recipe=CleaningRecipe())
    texts = ["image_digest", "designation", "description", "clean_designation", "clean_text"]
    assert pq.read_schema(clean.file("train.parquet")).names == ["productid", "index", "prdtypecode", *texts]
    assert pq.read_schema(clean.file("test.parquet")).names == ["productid", "index", *texts]


def test_metadata_names_schema_recipe_and_content(hand_made: Any, accepted: StageOutput) -> None:
    recipe = CleaningRecipe(keep_digits=False)
    table = pq.read_table(hand_made.store.run(clean_products, accepted=accepted, recipe=recipe).file("train.parquet"))
    metadata = table.schema.metadata
    assert metadata[b"schema_version"] == b"1"
    assert CleaningRecipe.model_validate_json(metadata[b"recipe"]) == recipe
    assert metadata[b"content_digest"].decode() == digest_columns(table)


def test_content_digest_is_golden(hand_made: Any, accepted: StageOutput) -> None:
    """A change here means that the same products are cleaned into other words than before."""
    clean = hand_made.store.run(clean_products, accepted=accepted, recipe=CleaningRecipe())
    schemas = {part: pq.read_schema(clean.file(f"{part}.parquet")) for part in ("train", "test")}
    assert {part: schema.metadata[b"content_digest"] for part, schema in schemas.items()} == {
        "train": b"5145c2d1685abb9760ad74b4202c95520342b1dfc5a8934e75c32c1a5ed9bfe7",
        "test": b"8abf537fceb7e8fc692e343bfb1c59c842a7bc76c23b13cedbfce791d583659f",
    }


def test_an_unlabelled_dump_has_a_test_part_only(hand_made: Any) -> None:
    accepted = hand_made.output("accept_products-v1-b", {"test.parquet": accepted_frame(False)})
    clean = hand_made.store.run(clean_products, accepted=accepted, recipe=CleaningRecipe())
    assert sorted(clean.manifest.files) == ["test.parquet"]
    with pytest.raises(OutputError, match=r"train\.parquet"):
        clean.file("train.parquet")


def test_products_without_any_image_or_description_are_cleaned(hand_made: Any) -> None:
    frame = accepted_frame(True).assign(image_digest=None, description=None)
    accepted = hand_made.output("accept_products-v1-c", {"train.parquet": frame})
    clean = hand_made.store.run(clean_products, accepted=accepted, recipe=CleaningRecipe())
    train = pd.read_parquet(clean.file("train.parquet"))
    assert train["clean_text"].tolist() == train["clean_designation"].tolist()
    assert pq.read_schema(clean.file("train.parquet")).field("image_digest").type == "string"


def test_an_unknown_language_is_refused(hand_made: Any, accepted: StageOutput) -> None:
    with pytest.raises(RecipeError, match="'xx'"):
        hand_made.store.run(clean_products, accepted=accepted, recipe=CleaningRecipe(stop_word_languages=("xx",)))


def corpus(hand_made: Any, texts: list[tuple[int, str, str]], share: float | None) -> Any:
    """The corpus words of products given as (class, side, clean text)."""
    codes, sides, words = zip(*texts, strict=True)
    frame = pd.DataFrame({"productid": range(1, len(texts) + 1), "prdtypecode": codes, "clean_text": words})
    clean = hand_made.output("clean_products-v1-a", {"train.parquet": frame})
    split = hand_made.split(list(codes), list(sides))
    recipe = CleaningRecipe(corpus_word_share=share)
    return hand_made.store.run(find_corpus_words, clean=clean, split=split, recipe=recipe)


def test_corpus_words_are_frequent_in_every_class_of_the_train_rows(hand_made: Any) -> None:
    pools = [(2583, "train", "neuf piscine livraison"), (2583, "train", "neuf bache")] * 3
    books = [(10, "train", "neuf livre"), (10, "train", "neuf roman livraison")] * 3
    scored = [(10, "test", "bache piscine"), (2583, "validation", "livre roman")] * 50
    few = [(2905, "train", "jeu")] * 2
    found = corpus(hand_made, pools + books + scored + few, share=0.6)
    assert json.loads(found.file("corpus_words.json").read_text("utf-8")) == ["neuf"]
    assert found.facts == {"words": 1, "train_rows": 14, "classes": 2}


def test_no_word_is_corpus_wide_where_the_recipe_asks_for_none(hand_made: Any) -> None:
    found = corpus(hand_made, [(10, "train", "neuf livre")] * 6, share=None)
    assert found.read_json("corpus_words.json") == []


def test_no_word_is_corpus_wide_where_no_class_has_rows_enough(hand_made: Any) -> None:
    found = corpus(hand_made, [(10, "train", "neuf livre")] * 2, share=0.5)
    assert found.read_json("corpus_words.json") == []


def test_a_word_repeated_in_one_text_counts_once() -> None:
    assert frequent_everywhere([["neuf neuf neuf", "livre"]], 0.6) == set()
