"""N-grams of titles and descriptions, a linear classifier.

It reads raw texts, not clean ones: stop words, short words and punctuation tell classes apart, and it can bear them.
"""

from collections.abc import Collection
from typing import Any

import pandas as pd

from rakuten.recipes import TextNgramsRecipe
from rakuten.text.ngrams import ngram_text
from rakuten.training.classifier_family import ClassifierFamily
from rakuten.training.classifiers.ngram_classifier import NgramClassifier, Texts


class TextNgrams(ClassifierFamily[TextNgramsRecipe]):
    """Files: ngrams.json, ngrams.npz."""

    classifier = NgramClassifier

    def texts(self, products: pd.DataFrame, recipe: TextNgramsRecipe, corpus_words: Collection[str]) -> Texts:
        """Titles and descriptions apart."""
        return {
            "designation": [ngram_text(text) for text in products["designation"]],
            "description": [ngram_text(text) for text in products["description"]],
        }

    def facts(self, model: NgramClassifier, num_rows: int) -> dict[str, Any]:
        """train_rows, terms, classes."""
        return {"train_rows": num_rows, "terms": len(model.coefficients), "classes": len(model.known)}


FAMILY = TextNgrams()
