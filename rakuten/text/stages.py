"""The stages that turn accepted products into clean texts and find the words that tell no class from another."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.outputs import StageOutput, report_progress
from rakuten.outputs.atomic import write_whole
from rakuten.recipes import CleaningRecipe
from rakuten.stages import stage
from rakuten.text.cleaning import Cleaner
from rakuten.text.inputs import CORPUS_WORDS, PARTS, read_labelled

SCHEMA_VERSION = 1

# Of a class with fewer train rows than this, one odd product would decide what is frequent "in every class".
MIN_ROWS_OF_CLASS = 5

_PROGRESS_EVERY = 5_000


@stage(version=1, libraries=("ftfy", "nltk", "stop-words"))
def clean_products(out: Path, accepted: StageOutput, recipe: CleaningRecipe) -> dict[str, Any]:
    """Clean the texts of all products (report, section 3.4.1), raw ones beside them.

    One core cleans some 20,000 products a second: the challenge's 98,000 are done before a pool of processes would have
    paid for its start and for handing texts to and fro, so there is no fan-out.

    Args:
        out: Work folder.
        accepted: `accept_products`; either part may be absent.
        recipe: Languages of stop words and stems, shortest word, digits.

    Returns:
        Rows of each part, and of how many no clean word is left or no description was given.

    Raises:
        RecipeError: If there are no stop words or stems for a language.

    Output:
        train.parquet, test.parquet (parts that exist): productid, index, prdtypecode (train only), image_digest (null:
        no usable image), designation and description (raw, "" where missing), clean_designation, clean_text (both
        texts, cleaned, one space between). Schema metadata: schema_version, recipe, content_digest (`digest_columns`).
    """
    cleaner = Cleaner.of_recipe(recipe)
    facts: dict[str, Any] = {}
    for part in PARTS:
        if not (accepted.folder / f"{part}.parquet").exists():
            continue
        table = _clean(pq.read_table(accepted.file(f"{part}.parquet")), cleaner, with_labels=part == "train")
        metadata = {
            "schema_version": str(SCHEMA_VERSION),
            "recipe": recipe.model_dump_json(),
            "content_digest": digest_columns(table),
        }
        pq.write_table(table.replace_schema_metadata(metadata), out / f"{part}.parquet")
        facts |= {
            f"{part}_rows": table.num_rows,
            f"{part}_without_description": table["description"].to_pylist().count(""),
            f"{part}_without_words": table["clean_text"].to_pylist().count(""),
        }
    return facts


@stage(version=1)
def find_corpus_words(out: Path, clean: StageOutput, split: StageOutput, recipe: CleaningRecipe) -> dict[str, Any]:
    """Find the words that are frequent in every class, from train rows only.

    Args:
        out: Work folder.
        clean: `clean_products`.
        split: `split_products`.
        recipe: Its `corpus_word_share` says what frequent means; None: no word is.

    Returns:
        Number of words, rows and classes they were found in.

    Output:
        corpus_words.json: the words, sorted.
    """
    products = read_labelled(clean, split, ["clean_text"])
    train = products[products["side"] == "train"]
    classes = [rows.tolist() for _, rows in train.groupby("prdtypecode")["clean_text"]]
    judged = [texts for texts in classes if len(texts) >= MIN_ROWS_OF_CLASS]
    words = [] if recipe.corpus_word_share is None else sorted(frequent_everywhere(judged, recipe.corpus_word_share))
    write_whole(out / CORPUS_WORDS, json.dumps(words, ensure_ascii=False, indent=1))
    return {"words": len(words), "train_rows": len(train), "classes": len(judged)}


def frequent_everywhere(groups: Iterable[list[str]], share: float) -> set[str]:
    """Words that at least `share` of the texts of every group hold; none where there are no groups."""
    frequent: set[str] | None = None
    for texts in groups:
        held_by = Counter(word for text in texts for word in set(text.split()))
        here = {word for word, count in held_by.items() if count >= share * len(texts)}
        frequent = here if frequent is None else frequent & here
    return frequent or set()


def digest_columns(table: pa.Table) -> str:
    """SHA-256 of names and values of all columns; unlike that of a file, the same whatever library wrote it."""
    digest = hashlib.sha256()
    for name in table.column_names:
        digest.update(json.dumps([name, table[name].to_pylist()], ensure_ascii=False).encode())
    return digest.hexdigest()


def _clean(accepted: pa.Table, cleaner: Cleaner, *, with_labels: bool) -> pa.Table:
    titles = [title or "" for title in accepted["designation"].to_pylist()]
    descriptions = [description or "" for description in accepted["description"].to_pylist()]
    clean_titles, clean_texts = [], []
    for row, (title, description) in enumerate(zip(titles, descriptions, strict=True)):
        if row % _PROGRESS_EVERY == 0:
            report_progress(row, len(titles), "products")
        # Apart, so that markup left open in the title does not swallow the description.
        clean_title, clean_description = cleaner(title), cleaner(description)
        clean_titles.append(clean_title)
        clean_texts.append(" ".join(filter(None, (clean_title, clean_description))))
    report_progress(len(titles), len(titles), "products")
    kept = {"productid": pa.int64(), "index": pa.int64(), "prdtypecode": pa.int64(), "image_digest": pa.string()}
    if not with_labels:
        del kept["prdtypecode"]
    columns = {name: accepted[name].cast(kind) for name, kind in kept.items()}
    columns |= {"designation": pa.array(titles, pa.string()), "description": pa.array(descriptions, pa.string())}
    columns |= {
        "clean_designation": pa.array(clean_titles, pa.string()),
        "clean_text": pa.array(clean_texts, pa.string()),
    }
    return pa.table(columns)
