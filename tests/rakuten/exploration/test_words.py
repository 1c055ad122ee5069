"""Words of classes: frequent ones, telling ones, their clouds, and which classes use the same."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from rakuten.demo.words import class_words
from rakuten.exploration.words import MAX_WORDS, REPORTED_ALIKE
from rakuten.normalisation import fold


@pytest.fixture(scope="module")
def words(generated: Any) -> pd.DataFrame:
    return pd.read_parquet(generated.words.file("words.parquet"))


def test_the_telling_words_of_a_generated_class_are_those_it_was_written_with(words: pd.DataFrame) -> None:
    own = {fold(word) for language in ("fr", "en", "de") for word in class_words(2583, language)}
    pools = words[words["prdtypecode"] == 2583].nlargest(8, "score")
    assert (pools["score"] > 3).all()
    assert set(pools["word"]) <= own


def test_shares_are_those_of_the_class(words: pd.DataFrame) -> None:
    assert ((words["share"] > 0) & (words["share"] <= 1)).all()
    assert words.loc[words["prdtypecode"].isna(), "score"].isna().all()
    assert not words["word"].str.fullmatch("[0-9]+").any()


def test_every_class_has_a_cloud_of_its_most_frequent_words(generated: Any, words: pd.DataFrame) -> None:
    clouds = pd.read_parquet(generated.words.file("clouds.parquet"))
    assert clouds["prdtypecode"].nunique(dropna=False) == words["prdtypecode"].nunique(dropna=False)
    assert clouds.groupby("prdtypecode", dropna=False).size().between(10, MAX_WORDS).all()


def test_every_pair_of_classes_is_ranked_and_the_reports_are_marked(generated: Any) -> None:
    pairs = pd.read_parquet(generated.words.file("vocabularies.parquet"))
    assert pairs["rank"].tolist() == list(range(1, 27 * 26 // 2 + 1))
    assert (np.diff(pairs["similarity"]) <= 0).all()
    reported = pairs[pairs["reported"]]
    assert set(zip(reported["prdtypecode"], reported["other"], strict=True)) == set(REPORTED_ALIKE)
