"""Fusion: what photos add to texts, over five folds of products that have both; paired bootstrap intervals.

    python benchmarks/fusion.py --pictured DIR --texts DIR [--bimodal-model bimodal_mobilenet_v2]

Text models learn from both dumps, the image model (a head on MobileNetV2's features) from the one with photos. Folds
are by title, as sides are: each pictured product is a test product once, a validation product once, and learnt from
three times; a tenth of the other texts validates text models in every fold. Fusions are fitted and chosen on validation
products alone. Weights are looked for in RAKUTEN_WEIGHTS.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from rakuten.catalogue.classes import TARGETS
from rakuten.data.probabilities import PROBABILITIES, UNPICTURED, Probabilities
from rakuten.data.split import normalise_title, place_of
from rakuten.dumps.layout import X_TRAIN, Y_TRAIN
from rakuten.dumps.snapshot import list_dump, record_snapshot
from rakuten.evaluation.paired_comparison import compare
from rakuten.evaluation.scores import count_confusions, f1_weighted
from rakuten.fusion.alignment import align
from rakuten.fusion.fuser import Fuser
from rakuten.fusion.selection import Candidate, choose
from rakuten.fusion.stages import METHOD_NAMES
from rakuten.images.features import extract_features
from rakuten.images.weights import find_weights
from rakuten.outputs import OutputStore, StageOutput
from rakuten.recipes import FusionRecipe, ImageFeaturesRecipe, Recipe, load_recipe
from rakuten.recipes.plan import FusionMethod
from rakuten.settings import Settings
from rakuten.training.stages import train_model

IMAGE_MODEL = "image_mobilenet_v2_frozen"
NUM_FOLDS = 5
SEED = 1234
VALIDATION_SHARE = 0.1

CHOSEN = "the one chosen"
ALONE = "texts alone"
HIDDEN = "photos hidden"


@dataclass(frozen=True)
class Products:
    """Both dumps' products as one.

    Attributes:
        frame: productid, prdtypecode, designation, description, image_digest, pictured.
        places: float64, each product's place in [0, 1), by its title.
        features: The photos' features.
    """

    frame: pd.DataFrame
    places: np.ndarray
    features: StageOutput

    def sides(self, fold: int) -> np.ndarray:
        """Each product's side in one fold."""
        folds = (self.places * NUM_FOLDS).astype(int)
        of_pictured = np.select([folds == fold, folds == (fold + 1) % NUM_FOLDS], ["test", "validation"], "train")
        of_others = np.where(self.places < VALIDATION_SHARE, "validation", "train")
        return np.where(self.frame["pictured"], of_pictured, of_others)


def read_products(pictured: Path, texts: Path, store: OutputStore, recipe: ImageFeaturesRecipe) -> Products:
    """Read both dumps; of the same productid or title, the pictured product counts."""
    listing = list_dump(pictured)
    digests = {file.name.partition("/")[2]: file.sha256 for file in listing.files}
    frames = []
    for dump in (pictured, texts):
        frame = pd.read_csv(dump / X_TRAIN, index_col=0, keep_default_na=False)
        codes = pd.read_csv(dump / Y_TRAIN, index_col=0)["prdtypecode"]
        frames.append(frame.assign(prdtypecode=codes, pictured=dump == pictured).reset_index(names="index"))
    frame = pd.concat(frames, ignore_index=True)
    frame["title"] = [normalise_title(title) for title in frame["designation"]]
    known = frame[frame["pictured"]]
    repeated = frame["productid"].isin(known["productid"]) | frame["title"].isin(known["title"])
    frame = frame[frame["pictured"] | ~repeated].reset_index(drop=True)
    names = [f"image_{i}_product_{p}.jpg" for i, p in zip(frame["imageid"], frame["productid"], strict=True)]
    frame["image_digest"] = [
        digests.get(name) if shown else None for name, shown in zip(names, frame["pictured"], strict=True)
    ]
    places = np.array([place_of(title, SEED) for title in frame["title"]])
    features = store.run(
        extract_features,
        snapshot=store.run(record_snapshot, listing=listing),
        dump=pictured,
        backbone=recipe.backbone,
        weights=find_weights(recipe.backbone, Settings().weights_folder),
    )
    return Products(frame, places, features)


@dataclass(frozen=True)
class Said:
    """What a model says of a fold's validation and test products.

    Attributes:
        modality: What a product must have for it.
        seen: As they are.
        hidden: Photos hidden; None: it has nothing to say then.
    """

    modality: str
    seen: Probabilities
    hidden: Probabilities | None


def train(recipe: Recipe, products: Products, sides: np.ndarray, folder: Path) -> Said:
    """Train a model of a recipe."""
    inputs, out = folder / "inputs", folder / recipe.name
    inputs.mkdir(parents=True, exist_ok=True)
    out.mkdir()
    products.frame.to_parquet(inputs / "train.parquet")
    products.frame[["productid", "prdtypecode"]].assign(side=sides).to_parquet(inputs / "split.parquet")
    clean, split = StageOutput(key="clean", folder=inputs), StageOutput(key="split", folder=inputs)
    arrays = {"images": products.features} if recipe.image_input is not None else {}
    train_model.function(out, recipe=recipe, clean=clean, split=split, inputs=arrays)
    seen = Probabilities.read(out / PROBABILITIES)
    if (out / UNPICTURED).exists():
        return Said(recipe.modality, seen, Probabilities.read(out / UNPICTURED))
    return Said(recipe.modality, seen, seen if recipe.modality == "text" else None)


def fuse(members: Sequence[Said], truth: pd.DataFrame) -> dict[str, np.ndarray]:
    """Predicted codes of a fold's test products, by what predicts them.

    Args:
        members: At least one.
        truth: productid, prdtypecode, side.
    """
    modalities = [member.modality for member in members]
    said, hidden = [member.seen for member in members], [member.hidden for member in members]
    validation, test = (truth[truth["side"] == side] for side in ("validation", "test"))
    targets = validation["prdtypecode"].map(TARGETS).to_numpy(np.int64)
    asked = test["productid"].to_numpy(np.int64)
    known = validation["productid"].to_numpy(np.int64)
    aligned = align(said, known)
    unpictured = align([one or seen for one, seen in zip(hidden, said, strict=True)], known)
    candidates, answers = [], {}
    for method in FusionRecipe().methods:
        fuser, held_out = Fuser.fit(method, aligned, targets, modalities, calibrate=True, unpictured=unpictured)
        candidates.append(Candidate(method, held_out, targets))
        answers[METHOD_NAMES[method]] = fuser.apply(align(said, asked)).predicted
        if "image" in modalities and "text" in modalities:
            answers[f"{METHOD_NAMES[method]}, {HIDDEN}"] = fuser.apply(align(hidden, asked)).predicted
    method = _chosen(candidates)
    chosen = METHOD_NAMES[method]
    return answers | {name.replace(chosen, CHOSEN): codes for name, codes in answers.items() if name.startswith(chosen)}


def _chosen(candidates: list[Candidate]) -> FusionMethod:
    return candidates[choose(candidates, "auto").place].method


def run_fold(fold: int, products: Products, recipes: list[Recipe], folder: Path) -> pd.DataFrame:
    """Of one fold's test products: prdtypecode, and what each model and fusion answers."""
    sides = products.sides(fold)
    truth = products.frame[["productid", "prdtypecode"]].assign(side=sides)
    said = {recipe.name: train(recipe, products, sides, folder / str(fold)) for recipe in recipes}
    test = truth[truth["side"] == "test"]
    columns = {name: one.seen.of(test["productid"].to_numpy(np.int64)).predicted for name, one in said.items()}
    columns |= fuse(list(said.values()), truth)
    columns[ALONE] = fuse([said[recipe.name] for recipe in recipes if recipe.image_input is None], truth)[CHOSEN]
    return test[["prdtypecode"]].assign(**columns)


def show(answers: pd.DataFrame, models: list[str]) -> None:
    """Print every score beside the best model's, with the interval of the difference."""
    codes = answers["prdtypecode"].to_numpy(np.int64)
    predicted = {str(name): answers[name].to_numpy(np.int64) for name in answers.columns[1:]}
    scores = {name: float(f1_weighted(count_confusions(codes, one))) for name, one in predicted.items()}
    best = max(models, key=scores.__getitem__)
    print(f"{len(codes)} test products in {NUM_FOLDS} folds; differences to {best}, the best model in hindsight")
    print(f"{'':40} {'weighted F1':>11} {'difference':>11}  95 % interval")
    for name, one in predicted.items():
        lead = compare(codes, predicted[best], one).scores["f1_weighted"].difference
        print(f"{name:40} {scores[name]:>11.4f} {lead.value:>+11.4f}  {lead.low:+.4f} to {lead.high:+.4f}")
    with_photos, hidden, alone = (scores[name] for name in (CHOSEN, f"{CHOSEN}, {HIDDEN}", ALONE))
    print(f"hiding all photos costs {with_photos - hidden:.4f}; texts alone are {with_photos - alone:.4f} behind")


def main() -> None:
    """Run all folds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictured", type=Path, required=True, help="dump whose products have photos")
    parser.add_argument("--texts", type=Path, required=True, help="dump of further labelled texts")
    parser.add_argument("--text-models", nargs="+", default=["text_ngrams", "text_fasttext"], help="recipes")
    parser.add_argument("--image-model", default=IMAGE_MODEL, help="a recipe of a head on features")
    parser.add_argument("--bimodal-model", help="a recipe of a network over both, on the same features")
    arguments = parser.parse_args()
    image_recipe = load_recipe(arguments.image_model)
    assert isinstance(image_recipe, ImageFeaturesRecipe)
    recipes = [*(load_recipe(name) for name in arguments.text_models), image_recipe]
    if arguments.bimodal_model:
        recipes.append(load_recipe(arguments.bimodal_model))
    with tempfile.TemporaryDirectory() as folder:
        products = read_products(
            arguments.pictured, arguments.texts, OutputStore(Path(folder) / "outputs"), image_recipe
        )
        folds = []
        for fold in range(NUM_FOLDS):
            folds.append(run_fold(fold, products, recipes, Path(folder)))
            print(f"fold {fold + 1} of {NUM_FOLDS} done", flush=True)
    show(pd.concat(folds), [recipe.name for recipe in recipes])


if __name__ == "__main__":
    main()
