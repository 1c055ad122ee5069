"""The stage that looks at vocabularies: frequent and telling words of each class, clouds, classes that sound alike."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.catalogue.classes import CODES
from rakuten.exploration.clouds import MAX_WORDS, lay_out
from rakuten.exploration.profile import read_profile
from rakuten.outputs import StageOutput, report_progress
from rakuten.stages import stage
from rakuten.text.distinctive_words import Table, count_by_group, log_odds, similarities, word_matrix

WORDS_FILE = "words.parquet"
CLOUDS_FILE = "clouds.parquet"
VOCABULARIES_FILE = "vocabularies.parquet"

# The report saw that these look alike (section 3.3.3).
REPORTED_ALIKE = ((1140, 1180), (50, 60), (1280, 1302), (10, 2280))
# Of each class, words that most products hold, and words that tell most.
WORDS_KEPT = 100
# Below, a word may be one shop's spelling; a tiny dump keeps every word.
FEWEST_PRODUCTS = 3
TINY = 1_000
# Of ten thousand words that tell nothing, five come so far by chance; of those that tell most have ten and more.
TELLING_FROM = 3.29


@stage(version=1, libraries=("matplotlib", "pillow"))
def describe_words(out: Path, profile: StageOutput) -> dict[str, Any]:
    """Count the words of all products and of each class, and compare the classes' vocabularies.

    Args:
        out: Work folder.
        profile: `profile_products`.

    Returns:
        Numbers of distinct words and of classes compared.

    Output:
        words.parquet: prdtypecode (null: all products), word, products that hold it, share of products, score (null for
            all products; how telling the word is of the class, see `log_odds`): the most frequent and the most telling
            words. Words of digits alone are left out.
        clouds.parquet: prdtypecode, word, x, y, length, size (see `PlacedWord`), is_telling.
        vocabularies.parquet: prdtypecode, other, similarity (see `similarities`), rank (1: the most alike), reported
            (whether the report saw it): every pair of classes. Absent with fewer than two classes.
    """
    frame = read_profile(profile, ["prdtypecode", "words"])
    matrix, words = word_matrix(frame["words"].tolist(), fewest_products=1 if len(frame) < TINY else FEWEST_PRODUCTS)
    is_word = ~np.char.isdigit(words.astype(np.str_)) if len(words) else np.zeros(0, bool)
    matrix, words = matrix[:, np.flatnonzero(is_word)], words[is_word]
    codes = frame["prdtypecode"].fillna(-1).to_numpy(np.int64)
    present = [code for code in CODES if (codes == code).any()]
    is_labelled = codes >= 0
    counts = count_by_group(matrix[is_labelled], np.searchsorted(present, codes[is_labelled]), len(present))
    held_by = np.asarray(matrix.sum(axis=0), np.float64).ravel()
    tables = [_words(None, words, held_by, None, len(frame))]
    scores = log_odds(counts) if len(present) > 1 else np.zeros_like(counts)
    tables += [
        _words(code, words, counts[place], scores[place], int((codes == code).sum()))
        for place, code in enumerate(present)
    ]
    table = pd.concat(tables, ignore_index=True).astype({"prdtypecode": "Int64"})
    table.to_parquet(out / WORDS_FILE, index=False)
    _clouds(table).to_parquet(out / CLOUDS_FILE, index=False)
    if len(present) > 1:
        alike = similarities(counts, counts.sum(axis=0), int(is_labelled.sum()))
        _pairs(present, alike).to_parquet(out / VOCABULARIES_FILE, index=False)
    return {"words": len(words), "classes": len(present)}


def _words(
    code: int | None, words: npt.NDArray[np.str_], counts: Table, scores: Table | None, products: int
) -> pd.DataFrame:
    """The words of one class, or of all products, that most products hold or that tell most."""
    frequent = np.lexsort((words, -counts))[:WORDS_KEPT]
    telling = frequent if scores is None else np.lexsort((words, -scores))[:WORDS_KEPT]
    kept = np.unique(np.concatenate([frequent, telling]))
    kept = kept[counts[kept] > 0]
    table = pd.DataFrame({"word": words[kept], "products": counts[kept].astype(int)})
    table["share"] = table["products"] / max(products, 1)
    table["score"] = np.nan if scores is None else scores[kept]
    table.insert(0, "prdtypecode", code)
    return table.sort_values(["products", "word"], ascending=[False, True])


def _clouds(words: pd.DataFrame) -> pd.DataFrame:
    rows = []
    groups = list(words.groupby("prdtypecode", dropna=False, sort=False))
    for done, (code, table) in enumerate(groups):
        report_progress(done, len(groups), "word clouds")
        shown = table.head(MAX_WORDS)
        telling = set(shown.loc[shown["score"] > TELLING_FROM, "word"])
        for placed in lay_out(dict(zip(shown["word"], shown["products"], strict=True))):
            rows.append({"prdtypecode": code, **placed._asdict(), "is_telling": placed.word in telling})
    report_progress(len(groups), len(groups), "word clouds")
    columns = ["prdtypecode", "word", "x", "y", "length", "size", "is_telling"]
    return pd.DataFrame(rows, columns=columns).astype({"prdtypecode": "Int64"})


def _pairs(present: list[int], alike: Table) -> pd.DataFrame:
    one, other = np.triu_indices(len(present), 1)
    codes = np.array(present)
    pairs = pd.DataFrame({"prdtypecode": codes[one], "other": codes[other], "similarity": alike[one, other]})
    pairs = pairs.sort_values("similarity", ascending=False, kind="stable", na_position="last", ignore_index=True)
    pairs["rank"] = np.arange(1, len(pairs) + 1)
    pairs["reported"] = [pair in REPORTED_ALIKE for pair in zip(pairs["prdtypecode"], pairs["other"], strict=True)]
    return pairs
