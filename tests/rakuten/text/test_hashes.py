"""N-grams as bucket numbers: the same in every process, whatever the text."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rakuten.text.hashes import ALWAYS, FIRST_BUCKET, PADDING, hash_ngrams
from rakuten.text.ngrams import CHUNK, Ngrams

KINDS = (Ngrams("word", 1, 2), Ngrams("char", 3, 5))
NUM_BUCKETS = 1000


def test_buckets_are_the_same_in_every_process() -> None:
    code = (
        "from rakuten.text.hashes import hash_ngrams; from rakuten.text.ngrams import Ngrams;"
        "print(hash_ngrams(['lot de piscine'], (Ngrams('word', 1, 2),), 1000, 8).tolist())"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONHASHSEED": "7"})
    assert child.stdout.decode().strip() == str(hash_ngrams(["lot de piscine"], KINDS[:1], NUM_BUCKETS, 8).tolist())


@given(st.lists(st.text(max_size=60), max_size=5))
def test_any_text_gives_ascending_buckets_behind_the_index_that_all_have(texts: list[str]) -> None:
    hashed = hash_ngrams(texts, KINDS, NUM_BUCKETS, 30)
    assert hashed.shape == (len(texts), 30)
    assert hashed.dtype == np.int32
    for row in hashed:
        indices = row[row != PADDING].tolist()
        assert indices[0] == ALWAYS
        assert indices == sorted(set(indices))
        assert max(indices) < FIRST_BUCKET + NUM_BUCKETS
        assert not row[len(indices) :].any()


def test_a_text_that_is_too_long_keeps_its_words() -> None:
    text = "lot de trois livres anciens"
    words = hash_ngrams([text], KINDS[:1], NUM_BUCKETS // 2, 64)[0]
    words = words[words != PADDING]
    np.testing.assert_array_equal(hash_ngrams([text], KINDS, NUM_BUCKETS, len(words))[0], words)
    assert (hash_ngrams([text], KINDS, NUM_BUCKETS, 64)[0] != PADDING).sum() > len(words)


def test_kinds_do_not_share_buckets() -> None:
    word, characters = (hash_ngrams(["lot"], (kind,), 1, 2)[0, 1] for kind in KINDS)
    assert word == characters == FIRST_BUCKET
    assert hash_ngrams(["lot"], KINDS, 2, 3).tolist() == [[ALWAYS, FIRST_BUCKET, FIRST_BUCKET + 1]]


@pytest.mark.parametrize("text", ["", " ", "\ud800", "a" * 100_000, "☃ 🎈"])
def test_odd_texts_are_hashed(text: str) -> None:
    assert hash_ngrams([text], KINDS, NUM_BUCKETS, 4)[0, 0] == ALWAYS


def test_many_texts_are_hashed_like_one_at_a_time() -> None:
    texts = [f"lot {place}" for place in range(CHUNK + 2)]
    hashed = hash_ngrams(texts, KINDS, NUM_BUCKETS, 16)
    for place in (0, CHUNK - 1, CHUNK, CHUNK + 1):
        np.testing.assert_array_equal(hashed[place], hash_ngrams(texts[place : place + 1], KINDS, NUM_BUCKETS, 16)[0])
