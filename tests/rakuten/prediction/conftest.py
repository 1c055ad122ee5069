"""A small package of two n-gram models, made as a run makes it."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rakuten.data.named_dump import NamedDump
from rakuten.evaluation.evaluate import evaluate
from rakuten.fusion.scored_models import ScoredModels
from rakuten.fusion.stages import decide, fuse
from rakuten.outputs import StageOutput
from rakuten.prediction.package import ModelPackage, open_package
from rakuten.prediction.packing import TrainedModel, package_model
from rakuten.recipes import Plan, TextNgramsRecipe
from rakuten.training.stages import train_model

GOODS = {2583: "piscine bâche pompe filtre", 10: "livre roman auteur édition", 40: "console jeu manette import"}
SIDES = ["train", "train", "train", "validation", "test"]


def recipe(name: str, c: float) -> TextNgramsRecipe:
    return TextNgramsRecipe(
        family="text_ngrams",
        name=name,
        word_ngrams=(1, 2),
        char_ngrams=(3, 4),
        min_df=1,
        max_terms=2_000,
        title_weight=1.2,
        c=c,
        class_weight="balanced",
    )


PLAN = Plan(name="small", recipes=(recipe("sharp", 0.5), recipe("soft", 0.01)))


def clean_products(rows: int, seed: int) -> pd.DataFrame:
    draw = random.Random(seed)
    codes = [list(GOODS)[row % 3] for row in range(rows)]
    titles = [" ".join(draw.sample(GOODS[code].split(), 3)) for code in codes]
    return pd.DataFrame(
        {
            "productid": range(seed * 1_000_000 + 1, seed * 1_000_000 + rows + 1),
            "index": range(rows),
            "prdtypecode": codes,
            "image_digest": pd.Series([None] * rows, dtype="string"),
            "designation": titles,
            "description": ["" if row % 3 else f"<p>{titles[row][:6]} neuf</p>" for row in range(rows)],
        }
    )


class Packed:
    """A run's outputs up to the package.

    Attributes:
        output: The package as the stage committed it.
        models: What was packed.
        inputs: Of the stage, to pack again with changes.
    """

    def __init__(self, hand_made: Any) -> None:
        self.store = hand_made.store
        products = clean_products(90, seed=0)
        sides = [SIDES[row // 3 % 5] for row in range(90)]
        clean = hand_made.output("clean_products-v1-a", {"train.parquet": products})
        split = hand_made.split(products["prdtypecode"].tolist(), sides)
        run = self.store.run
        names = tuple(recipe.name for recipe in PLAN.recipes)
        self.models = tuple(
            run(train_model, recipe=recipe, clean=clean, split=split, inputs={}) for recipe in PLAN.recipes
        )
        fusion = run(
            fuse,
            members=self.models,
            names=names,
            modalities=("text", "text"),
            split=split,
            method="average",
            calibrate=True,
        )
        decision = run(decide, fusions=(fusion,), split=split, decision="auto")
        scored = dict(zip(names, self.models, strict=True)) | {"average vote": fusion}
        self.inputs: dict[str, Any] = {
            "plan": PLAN,
            "models": tuple(map(TrainedModel, names, self.models)),
            "scored": ScoredModels(
                tuple(run(evaluate, scored=each, split=split, name=name) for name, each in scored.items()),
                (fusion,),
                decision,
            ),
            "corpus_words": hand_made.output("find_corpus_words-v1-a", {"corpus_words.json": '["neuf"]'}),
            "clean": clean,
            "split": split,
            "dumps": (NamedDump("small", hand_made.output("record_snapshot-v1-a", {}, generated=False)),),
        }
        self.output: StageOutput = run(package_model, **self.inputs)


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory, hand_made_in: Any) -> Packed:
    return Packed(hand_made_in(tmp_path_factory.mktemp("packed") / "outputs"))


@pytest.fixture
def copied(packed: Packed, tmp_path: Path) -> Path:
    """The package as it arrives on another machine."""
    folder = tmp_path / "copied"
    shutil.copytree(packed.output.folder, folder, ignore=shutil.ignore_patterns("manifest.json"))
    return folder


@pytest.fixture
def package(copied: Path) -> ModelPackage:
    return open_package(copied)


@pytest.fixture(scope="session")
def products_to_predict() -> Callable[[int], pd.DataFrame]:
    return lambda rows: clean_products(rows, seed=1)
