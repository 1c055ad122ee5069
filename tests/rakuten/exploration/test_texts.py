"""Every product's texts are measured as a reader sees them, and compared by letters and digits."""

from typing import Any

import pandas as pd
import pytest

from rakuten.dumps.products import read_products
from rakuten.dumps.snapshot import list_dump, record_snapshot
from rakuten.exploration.texts import profile_texts
from rakuten.outputs import OutputStore, StageOutput
from rakuten.recipes import CleaningRecipe

ROWS = """,designation,description,productid,imageid
0,Piscine ronde,"<p>Avec b&acirc;che.<br/>2 m</p>",11,1
1,PISCINE RONDE!,,12,2
2,Kit d&#39;entretien,<p></p>,13,3
"""


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> StageOutput:
    folder = tmp_path_factory.mktemp("texts")
    dump = folder / "dump"
    dump.mkdir()
    (dump / "X_train_update.csv").write_text(ROWS, "utf-8")
    (dump / "y_train_CVw08PX.csv").write_text(",prdtypecode\n0,2583\n1,2583\n2,10\n", "utf-8")
    store = OutputStore(folder / "outputs")
    snapshot = store.run(record_snapshot, listing=list_dump(dump))
    products = store.run(read_products, snapshot=snapshot, dump=dump)
    return store.run(profile_texts, products=products, cleaning=CleaningRecipe())


@pytest.fixture(scope="module")
def rows(profiled: StageOutput) -> dict[int, dict[str, Any]]:
    frame = pd.read_parquet(profiled.file("texts.parquet"))
    return {row["productid"]: row for row in frame.to_dict("records")}


def test_lengths_are_those_a_reader_sees(rows: dict[int, dict[str, Any]]) -> None:
    assert (rows[11]["designation_words"], rows[11]["designation_characters"]) == (2, 13)
    assert (rows[11]["description_words"], rows[11]["description_characters"]) == (4, len("Avec bâche. 2 m"))
    assert (rows[11]["text_words"], rows[11]["text_characters"]) == (6, 13 + 1 + 15)
    assert pd.isna(rows[12]["description_words"])
    assert rows[13]["description_words"] == 0


def test_titles_of_the_same_letters_and_digits_share_a_key(rows: dict[int, dict[str, Any]]) -> None:
    assert rows[11]["title_key"] == rows[12]["title_key"] != rows[13]["title_key"]
    assert rows[11]["designation_digest"] != rows[12]["designation_digest"]
    assert pd.isna(rows[12]["description_key"])
    assert pd.isna(rows[13]["description_key"])
    assert not pd.isna(rows[13]["description_digest"])


def test_words_are_clean_and_residue_is_named(rows: dict[int, dict[str, Any]]) -> None:
    assert rows[11]["words"] == "piscine ronde bache"
    assert list(rows[11]["description_residue"]) == ["tag", "entity"]
    assert list(rows[13]["designation_residue"]) == ["entity"]
    assert rows[11]["language"] == "fr"


def test_pieces_of_residue_are_counted_by_product_and_occurrence(profiled: StageOutput) -> None:
    pieces = pd.read_parquet(profiled.file("residue.parquet")).set_index(["column", "kind", "what"])
    assert pieces.loc[("description", "tag", "p")].tolist() == [2, 4]
    assert pieces.loc[("description", "entity", "&acirc;")].tolist() == [1, 1]
    assert pieces.loc[("designation", "entity", "&#39;")].tolist() == [1, 1]
