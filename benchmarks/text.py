"""Text: our cleaning and n-grams against public tools, same rows, one run; prints ratios.

    python benchmarks/text.py [--products 20000] [--dump DIR]

Cleaning: rows a second against BeautifulSoup and NLTK word by word, both removing tags, accents, short words and the
stop words of three languages. N-grams: vectorising and fitting against scikit-learn's TfidfVectorizer and LinearSVC in
one process, both scored by weighted F1 on the same tenth of the rows. Without a dump the products are generated.
"""

import argparse
import tempfile
import time
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from rakuten.catalogue.classes import TARGETS
from rakuten.demo.dump import write_demo_dump
from rakuten.dumps.layout import X_TRAIN, Y_TRAIN
from rakuten.recipes import CleaningRecipe, TextNgramsRecipe, load_recipe
from rakuten.text.cleaning import Cleaner
from rakuten.text.ngrams import ngram_text
from rakuten.text.stop_words import stop_words
from rakuten.training.classifiers.ngram_classifier import NgramClassifier, Texts

FIELDS = ("designation", "description")


def read_products(dump: Path) -> pd.DataFrame:
    """Labelled products of known classes: designation, description ("" for missing), target."""
    products = pd.read_csv(dump / X_TRAIN, index_col=0).join(pd.read_csv(dump / Y_TRAIN, index_col=0))
    products["target"] = products["prdtypecode"].map(TARGETS)
    return products.fillna(dict.fromkeys(FIELDS, "")).dropna(subset=["target"]).reset_index(drop=True)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What the work gives, and its seconds."""
    clock = time.perf_counter()
    return work(), time.perf_counter() - clock


def clean_publicly(texts: list[str], recipe: CleaningRecipe) -> list[str]:
    """BeautifulSoup for tags and entities, NLTK for words, a look at each word."""
    from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning
    from nltk.tokenize import RegexpTokenizer

    warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
    unwanted = stop_words(recipe.stop_word_languages)
    tokenizer = RegexpTokenizer(r"[a-z0-9]+")

    def clean(text: str) -> str:
        plain = BeautifulSoup(text, "html.parser").get_text(" ").lower()
        bare = "".join(letter for letter in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(letter))
        words = [word for word in tokenizer.tokenize(bare) if len(word) >= recipe.min_word_length]
        return " ".join(word for word in words if word not in unwanted)

    return [clean(text) for text in texts]


def fit_publicly(train: pd.DataFrame, held_out: pd.DataFrame, recipe: TextNgramsRecipe) -> np.ndarray:
    """The same features and classifier of scikit-learn's own parts; predicted targets of the held out rows."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    options: dict[str, Any] = {"sublinear_tf": True, "min_df": recipe.min_df, "max_features": recipe.max_terms}
    blocks = []
    for field in FIELDS:
        weight = recipe.title_weight if field == "designation" else 1.0
        for analyzer, reach in (("word", recipe.word_ngrams), ("char_wb", recipe.char_ngrams)):
            vectorizer = TfidfVectorizer(analyzer=analyzer, ngram_range=reach, dtype=np.float32, **options)
            fitted = vectorizer.fit_transform(train[field]) * weight
            blocks.append((fitted, vectorizer.transform(held_out[field]) * weight))
    svm = LinearSVC(C=recipe.c, class_weight=recipe.class_weight, random_state=recipe.seed)
    svm.fit(hstack([block for block, _ in blocks], format="csr"), train["target"])
    return np.asarray(svm.predict(hstack([block for _, block in blocks], format="csr")))


def fit_ours(train: pd.DataFrame, held_out: pd.DataFrame, recipe: TextNgramsRecipe) -> np.ndarray:
    """Our n-grams; predicted targets of the held out rows."""
    fitted = NgramClassifier.fit(_texts(train), train["target"].to_numpy(np.int64), recipe)
    return np.asarray(fitted.probabilities(_texts(held_out)).argmax(axis=1))


def compare_cleaning(products: pd.DataFrame) -> None:
    """Print rows a second of both ways."""
    recipe = CleaningRecipe()
    texts = (products["designation"] + " " + products["description"]).tolist()
    cleaner = Cleaner.of_recipe(recipe)
    _, our_seconds = timed(lambda: [cleaner(text) for text in texts])
    _, public_seconds = timed(lambda: clean_publicly(texts, recipe))
    ours, public = len(texts) / our_seconds, len(texts) / public_seconds
    print(f"cleaning: {ours:,.0f} rows/s, BeautifulSoup and NLTK {public:,.0f} rows/s: ratio {ours / public:.1f}")


def compare_ngrams(products: pd.DataFrame) -> None:
    """Print seconds and weighted F1 of both ways."""
    from sklearn.metrics import f1_score

    recipe = load_recipe("text_ngrams")
    assert isinstance(recipe, TextNgramsRecipe)
    plain = products.assign(**{field: [ngram_text(text) for text in products[field]] for field in FIELDS})
    held_out, train = plain.iloc[::10], plain.drop(plain.index[::10])
    ours, our_seconds = timed(lambda: fit_ours(train, held_out, recipe))
    public, public_seconds = timed(lambda: fit_publicly(train, held_out, recipe))
    scores = [f1_score(held_out["target"], predicted, average="weighted") for predicted in (ours, public)]
    print(
        f"n-grams: {our_seconds:.1f} s, scikit-learn {public_seconds:.1f} s: ratio {public_seconds / our_seconds:.2f}"
    )
    print(f"weighted F1 on the rows held out: {scores[0]:.4f} against {scores[1]:.4f}")


def _texts(products: pd.DataFrame) -> Texts:
    return {"designation": products["designation"].tolist(), "description": products["description"].tolist()}


def main() -> None:
    """Compare both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=20_000, help="generated products (default: 20000)")
    parser.add_argument("--dump", type=Path, help="a dump to read instead")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dump = arguments.dump or Path(folder) / "dump"
        if arguments.dump is None:
            write_demo_dump(dump, num_products=arguments.products, num_images=0)
        products = read_products(dump)
    print(f"{len(products):,} products of {arguments.dump.name if arguments.dump else 'a generated dump'}")
    compare_cleaning(products)
    compare_ngrams(products)


if __name__ == "__main__":
    main()
