"""The stage that reads every product's texts once: lengths, language, residue of pages, clean words."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from rakuten.dumps.joined_table import read_parts
from rakuten.normalisation import normalise_title, plain_text
from rakuten.outputs import StageOutput, report_progress
from rakuten.recipes import CleaningRecipe
from rakuten.stages import stage
from rakuten.text.cleaning import Cleaner
from rakuten.text.language import Language, guess_languages
from rakuten.text.markup_residue import KINDS, count_residue

TEXTS_FILE = "texts.parquet"
RESIDUE_FILE = "residue.parquet"
COLUMNS = ("designation", "description")
LANGUAGES: tuple[Language, ...] = get_args(Language)
UNKNOWN = "unknown"
# A piece of residue seen less often than the most frequent of its kind tells nothing more.
PIECES_KEPT = 50

_PROGRESS_EVERY = 2_000

TEXTS_SCHEMA = pa.schema(
    [
        ("part", pa.string()),
        ("productid", pa.int64()),
        ("prdtypecode", pa.int64()),
        ("designation_words", pa.int32()),
        ("designation_characters", pa.int32()),
        ("description_words", pa.int32()),
        ("description_characters", pa.int32()),
        ("text_words", pa.int32()),
        ("text_characters", pa.int32()),
        ("language", pa.string()),
        ("designation_residue", pa.list_(pa.string())),
        ("description_residue", pa.list_(pa.string())),
        ("title_key", pa.string()),
        ("description_key", pa.string()),
        ("designation_digest", pa.string()),
        ("description_digest", pa.string()),
        ("words", pa.string()),
    ]
)
RESIDUE_SCHEMA = pa.schema(
    [
        ("column", pa.string()),
        ("kind", pa.string()),
        ("what", pa.string()),
        ("products", pa.int64()),
        ("occurrences", pa.int64()),
    ]
)


@stage(version=1, libraries=("ftfy", "nltk", "stop-words"))
def profile_texts(out: Path, products: StageOutput, cleaning: CleaningRecipe) -> dict[str, Any]:
    """Profile the texts of all products that could be read.

    Args:
        out: Work folder.
        products: `read_products`.
        cleaning: Languages of stop words and stems, shortest word, digits.

    Returns:
        Number of products.

    Output:
        texts.parquet: one row a product. Lengths are those a reader sees, tags and entities resolved; null for a
            description that is not there. language: one of `LANGUAGES`, or `UNKNOWN`. *_residue: kinds found, see
            `residue`. title_key, description_key: equal for texts of the same letters and digits, null where there are
            none. *_digest: equal for the same characters, null where there are none. words: clean words, stop words
            dropped.
        residue.parquet: the most frequent pieces of residue of each kind and column, with numbers of products and
            occurrences.
    """
    cleaner = Cleaner.of_recipe(cleaning)
    parts = read_parts(products)
    total = sum(table.num_rows for table in parts.values())
    rows: list[dict[str, Any]] = []
    residues: dict[str, _Residue] = {column: _Residue() for column in COLUMNS}
    for part, table in parts.items():
        for product in _products(table):
            if len(rows) % _PROGRESS_EVERY == 0:
                report_progress(len(rows), total, "products")
            rows.append({"part": part} | _profile(product, cleaner, residues))
    report_progress(total, total, "products")
    pq.write_table(pa.Table.from_pylist(rows, schema=TEXTS_SCHEMA), out / TEXTS_FILE)
    pieces = [row for column, residue in residues.items() for row in residue.rows(column)]
    pq.write_table(pa.Table.from_pylist(pieces, schema=RESIDUE_SCHEMA), out / RESIDUE_FILE)
    return {"products": total}


class _Residue:
    """Counts of one column's residue."""

    def __init__(self) -> None:
        self.products: Counter[tuple[str, str]] = Counter()
        self.occurrences: Counter[tuple[str, str]] = Counter()

    def add(self, text: str) -> list[str]:
        """Count a text's residue; the kinds in it."""
        found = count_residue(text)
        self.products.update(found.keys())
        self.occurrences.update(found)
        kinds = {kind for kind, _ in found}
        return [kind for kind in KINDS if kind in kinds]

    def rows(self, column: str) -> Iterator[dict[str, Any]]:
        """The most frequent pieces of each kind."""
        for wanted in KINDS:
            pieces = [(-count, what) for (kind, what), count in self.products.items() if kind == wanted]
            for count, what in sorted(pieces)[:PIECES_KEPT]:
                occurrences = self.occurrences[wanted, what]
                yield {"column": column, "kind": wanted, "what": what, "products": -count, "occurrences": occurrences}


def _products(table: pa.Table) -> Iterator[dict[str, Any]]:
    columns = ["productid", "prdtypecode", *COLUMNS]
    for batch in table.select(columns).to_batches(max_chunksize=_PROGRESS_EVERY):
        yield from batch.to_pylist()


def _profile(product: dict[str, Any], cleaner: Cleaner, residues: dict[str, _Residue]) -> dict[str, Any]:
    designation, description = product["designation"], product["description"]
    seen = plain_text(designation).split()
    described = None if description is None else plain_text(description).split()
    (language,) = guess_languages([f"{designation} {description or ''}"])
    title_length, description_length = _length(seen), None if described is None else _length(described)
    both = [*seen, *(described or ())]
    words = [*cleaner.words(designation), *(() if description is None else cleaner.words(description))]
    return {
        "productid": product["productid"],
        "prdtypecode": product["prdtypecode"],
        "designation_words": len(seen),
        "designation_characters": title_length,
        "description_words": None if described is None else len(described),
        "description_characters": description_length,
        "text_words": len(both),
        "text_characters": _length(both),
        "language": language or UNKNOWN,
        "designation_residue": residues["designation"].add(designation),
        "description_residue": residues["description"].add(description or ""),
        "title_key": _digest(normalise_title(designation)),
        "description_key": _digest(normalise_title(" ".join(described or ()))),
        "designation_digest": _digest(designation),
        "description_digest": _digest(description),
        "words": " ".join(words),
    }


def _length(words: list[str]) -> int:
    """Characters of words with one blank between them."""
    return sum(map(len, words)) + max(len(words) - 1, 0)


def _digest(text: str | None) -> str | None:
    # 80 bits: among a hundred thousand texts no two share them by chance.
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=10).hexdigest() if text else None
