"""Photos: our stores, heads and range test against public tools, same photos, one run; prints ratios.

    python benchmarks/images.py [--only store|head|rates|nights] [--images 1500] [--dump DIR]

- store: random batches from the image store against decoding the originals with Pillow and with TensorFlow, photos a
  second of one core.
- head: the report's step 1 for one backbone, 20 epochs of a head on frozen features, against Keras' generator with the
  frozen backbone in the loop, both validated after every epoch; of the generator's epochs three are measured, for all
  are the same work. Scores of both ways over folds of all products.
- rates: our range test against the report's, a rate an epoch; its time is that of one of its epochs, measured, times
  100, and its rate that of the 100 epochs on stored features, which are what a frozen backbone gives in every epoch.
- nights: `rakuten retrain` of an image model once, again, and on a dump with 5 % new photos.

Each part runs in a process of its own. Without a dump the products are generated, with progressive JPEGs of 500 px as
the real ones. The backbone is MobileNetV2 at a width of 0.35, 224 px; its weights are looked for in RAKUTEN_WEIGHTS.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.catalogue.classes import CODES, NUM_CLASSES
from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.demo.dump import write_demo_dump
from rakuten.dumps.layout import X_TRAIN, Y_TRAIN
from rakuten.dumps.snapshot import list_dump, record_snapshot
from rakuten.dumps.snapshot_files import SnapshotFiles
from rakuten.images.arrays import FEATURES, PIXELS, ImageArrays
from rakuten.images.features import extract_features
from rakuten.images.resizing import resize_images
from rakuten.images.weights import WeightsFile, find_weights
from rakuten.outputs import OutputStore, StageOutput
from rakuten.recipes import Backbone, FitSettings, ImageFeaturesRecipe, RateMethod, load_recipe, rate_finder
from rakuten.reporting.recipe_text import recipe_toml
from rakuten.settings import Settings
from rakuten.training.examples import Examples, examples_of
from rakuten.training.families.image_network import gather_images
from rakuten.training.lr_finder.search import search_network_rate
from rakuten.training.networks.network import NetworkData, train_network

SIZE = 224
ALPHA = 0.35
BATCH_SIZE = 64
# Step 1 of the report for MobileNetV2, its row of 20 epochs; all of them are run, for a comparison of equals.
STEP_1 = FitSettings(batch_size=32, epochs=20, learning_rate=1e-3, restore_best=False)
FOLDS = 5
SEEDS = 2
MEASURED_EPOCHS = 3
REPORTED_EPOCHS = 100
REPORTED_ROWS = 67_933
NEW_SHARE = 0.05


@dataclass
class Clock:
    """Seconds of a block: by the wall, and of all cores together."""

    wall: float = 0.0
    cores: float = 0.0

    def __str__(self) -> str:
        return f"{self.wall:.1f} s ({self.cores:.1f} core seconds)"

    def __add__(self, other: "Clock") -> "Clock":
        return Clock(self.wall + other.wall, self.cores + other.cores)


def ratio(theirs: Clock, ours: Clock) -> str:
    """How many times longer they take; core seconds say it on a busy machine."""
    return f"ratio {theirs.wall / ours.wall:.1f} ({theirs.cores / ours.cores:.1f} of core seconds)"


@contextmanager
def timed() -> Iterator[Clock]:
    """Time a block."""
    clock, wall, cores = Clock(), time.perf_counter(), time.process_time()
    yield clock
    clock.wall, clock.cores = time.perf_counter() - wall, time.process_time() - cores


class Photos:
    """A dump's labelled products with a photo that decodes, and where their photos' arrays are.

    Args:
        dump: The dump.
        outputs: Where outputs go.

    Attributes:
        products: productid, prdtypecode, digest, path, label (the class as text), side ("train", "validation": every
            fifth product).
    """

    def __init__(self, dump: Path, outputs: Path) -> None:
        self.dump = dump
        self.store = OutputStore(outputs)
        self.snapshot = self.store.run(record_snapshot, listing=list_dump(dump))
        with SnapshotFiles(self.snapshot, dump) as files:
            digests = {Path(name).name: digest for name, digest in files.images.items()}
        products = pd.read_csv(dump / X_TRAIN, index_col=0).join(pd.read_csv(dump / Y_TRAIN, index_col=0))
        names = [f"image_{row.imageid}_product_{row.productid}.jpg" for row in products.itertuples()]
        products["path"] = [str(dump / "images" / "image_train" / name) for name in names]
        products["digest"] = [digests.get(name) for name in names]
        usable = ImageArrays(self.pixels().folder, PIXELS).usable
        products = products[products["digest"].isin(usable) & products["prdtypecode"].isin(CODES)]
        products = products.drop_duplicates("digest").drop_duplicates("productid").sample(frac=1, random_state=0)
        products["label"] = products["prdtypecode"].astype(int).astype(str)
        products["side"] = np.where(np.arange(len(products)) % 5 == 0, "validation", "train")
        self.products = products.reset_index(drop=True)

    def pixels(self) -> StageOutput:
        """The image store."""
        return self.store.run(resize_images, snapshot=self.snapshot, dump=self.dump, size=SIZE)

    def features(self, recipe: ImageFeaturesRecipe, weights: WeightsFile) -> ImageArrays:
        """The frozen features."""
        made = self.store.run(
            extract_features, snapshot=self.snapshot, dump=self.dump, backbone=recipe.backbone, weights=weights
        )
        return ImageArrays(made.folder, FEATURES)

    def examples(self, arrays: ImageArrays) -> Examples:
        """Products with the arrays of their photos."""
        return examples_of(self.products, gather_images(arrays, self.products["digest"].tolist()))

    def of_side(self, side: str) -> pd.DataFrame:
        """Rows of one side."""
        return self.products[self.products["side"] == side]


def head_recipe() -> ImageFeaturesRecipe:
    """The report's head on a narrow MobileNetV2, fitted as in its step 1."""
    recipe = load_recipe("image_mobilenet_v2_frozen")
    assert isinstance(recipe, ImageFeaturesRecipe)
    backbone = Backbone(name="MobileNetV2", input_size=SIZE, alpha=ALPHA)
    return recipe.model_copy(update={"backbone": backbone, "fit": STEP_1})


def imagenet_weights() -> WeightsFile:
    """The backbone's weights."""
    found = find_weights(head_recipe().backbone, Settings().weights_folder)
    assert found is not None
    return found


def compare_store(photos: Photos) -> None:
    """Print photos a second of one core, of the store, Pillow and TensorFlow."""
    import tensorflow as tf
    from PIL import Image

    paths, digests = photos.products["path"].tolist(), photos.products["digest"].tolist()
    arrays = ImageArrays(photos.pixels().folder, PIXELS)
    order = np.random.default_rng(0).permutation(len(digests))

    def gather() -> None:
        for start in range(0, len(order), BATCH_SIZE):
            arrays.gather([digests[place] for place in order[start : start + BATCH_SIZE]])

    def with_pillow() -> None:
        for place in order:
            with Image.open(io.BytesIO(Path(paths[place]).read_bytes())) as image:
                np.asarray(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR))

    def with_tensorflow() -> None:
        for place in order:
            decoded = tf.io.decode_jpeg(tf.io.read_file(paths[place]), channels=3)
            tf.cast(tf.image.resize(decoded, (SIZE, SIZE)), tf.uint8).numpy()

    ours, pillow, tensorflow = (_a_core(work, len(order)) for work in (gather, with_pillow, with_tensorflow))
    print(f"store: {ours:,.0f} photos/s a core at {SIZE} px, random batches of {BATCH_SIZE}")
    print(f"  Pillow {pillow:,.0f} photos/s: ratio {ours / pillow:.0f}")
    print(f"  TensorFlow {tensorflow:,.0f} photos/s: ratio {ours / tensorflow:.0f}")


def _a_core(work: Callable[[], None], num_photos: int) -> float:
    """Photos a second of one core, files in the kernel's cache and libraries warm."""
    work()
    with timed() as clock:
        work()
    return num_photos / clock.cores


def compare_head(photos: Photos) -> None:
    """Print seconds of both ways of step 1, and weighted F1 over folds."""
    import keras
    import reported_way
    import sklearn.metrics  # noqa: F401  (libraries are warm on both sides)

    recipe, weights, classes = head_recipe(), imagenet_weights(), [str(code) for code in CODES]
    with timed() as extracting:
        arrays = photos.features(recipe, weights)
    with tempfile.TemporaryDirectory() as out, timed() as fitting:
        train_network(Path(out), NetworkData(recipe, photos.examples(arrays), arrays.shape))
    keras.utils.set_random_seed(0)
    with timed() as building:
        model = reported_way.network(weights.path, ALPHA, SIZE, NUM_CLASSES)
    train, validation = photos.of_side("train"), photos.of_side("validation")
    some = STEP_1.model_copy(update={"epochs": MEASURED_EPOCHS})
    epochs = reported_way.train(model, train, validation, classes, some, SIZE)
    # All epochs but the first, which compiles, are the same work.
    reported = building + Clock(*(epochs[0] + (STEP_1.epochs - 1) * epochs[1:].mean(axis=0)))
    ours = extracting + fitting
    print(f"head: {STEP_1.epochs} epochs, {len(train):,} train and {len(validation):,} validation photos")
    print(f"  ours {ours}, features {extracting}, head {fitting}")
    print(f"  report's way {reported}, from {MEASURED_EPOCHS} epochs measured: {ratio(reported, ours)}")
    their_features = reported_way.features(model, photos.products, classes, SIZE)
    scores = np.array([_scores_over_folds(photos, arrays, their_features, seed) for seed in range(SEEDS)])
    print(f"  weighted F1 over {FOLDS} folds of {len(photos.products):,} products, mean of {SEEDS}: ", end="")
    print(f"ours {scores[:, 0].mean():.4f}, report's way {scores[:, 1].mean():.4f}; each {scores.round(4).tolist()}")


def _scores_over_folds(
    photos: Photos, arrays: ImageArrays, their_features: npt.NDArray[np.float32], seed: int
) -> tuple[float, float]:
    """Weighted F1 of all products, each scored by the head that did not see it: ours, and that of the report's way.

    A frozen backbone gives the same features in every epoch, so the report's way may read its own once.
    """
    import reported_way
    from sklearn.metrics import f1_score

    examples = photos.examples(arrays)
    recipe = head_recipe().model_copy(update={"seed": seed})
    folds = np.random.default_rng(seed).permutation(len(examples.targets)) % FOLDS
    ours, theirs = np.empty_like(examples.targets), np.empty_like(examples.targets)
    for fold in range(FOLDS):
        held_out = folds == fold
        sides = np.where(held_out, "validation", "train")
        with tempfile.TemporaryDirectory() as out:
            train_network(Path(out), NetworkData(recipe, replace(examples, sides=sides), arrays.shape))
            ours[held_out] = Probabilities.read(Path(out) / PROBABILITIES).values.argmax(axis=1)
        theirs[held_out] = reported_way.fit_head(
            their_features[~held_out], examples.targets[~held_out], their_features[held_out], STEP_1, NUM_CLASSES, seed
        )
    scores = [
        f1_score(examples.targets, predicted, average="weighted", zero_division=0) for predicted in (ours, theirs)
    ]
    return float(scores[0]), float(scores[1])


def compare_rates(photos: Photos) -> None:
    """Print steps, seconds and learning rates of both range tests."""
    import keras
    import reported_way

    recipe, weights, classes = head_recipe(), imagenet_weights(), [str(code) for code in CODES]
    with timed() as extracting:
        arrays = photos.features(recipe, weights)
    examples = photos.examples(arrays)

    def search(method: RateMethod) -> tuple[dict[str, Any], Clock]:
        with tempfile.TemporaryDirectory() as out, timed() as clock:
            found = search_network_rate(Path(out), NetworkData(recipe, examples, arrays.shape), rate_finder(method))
        return found, clock

    ours, searching = search("batch")
    theirs, _ = search("epoch")
    keras.utils.set_random_seed(0)
    model = reported_way.network(weights.path, ALPHA, SIZE, NUM_CLASSES)
    rows = photos.of_side("train")
    # Of two epochs the second: the first one also compiles.
    epoch = reported_way.train(model, rows, None, classes, STEP_1.model_copy(update={"epochs": 2}), SIZE)[1]
    reported = Clock(*(REPORTED_EPOCHS * epoch))
    rate, their_rate = ours["learning_rate"], theirs["learning_rate"]
    apart = max(rate, their_rate) / min(rate, their_rate)
    print(f"rates: {len(rows):,} train photos, batches of {STEP_1.batch_size}")
    print(f"  ours {rate:.1e}, report's way {their_rate:.1e}: a factor of {apart:.2f}")
    print(f"  ours {searching}, report's way {reported}, 100 times one epoch: {ratio(reported, searching)}")
    print(f"  with features, which step 1 needs as well, {extracting}: {ratio(reported, searching + extracting)}")
    at_scale = REPORTED_EPOCHS * -(-REPORTED_ROWS // STEP_1.batch_size)
    print(f"  steps: ours {ours['steps']}, report's way {theirs['steps']:,}, ", end="")
    print(f"on its {REPORTED_ROWS:,} train photos {at_scale:,}: ratio {at_scale / ours['steps']:.0f}")


def compare_nights(dump: Path, grown: Path, folder: Path) -> None:
    """Print seconds and photos worked on of a first run, a second one, and one with new photos."""
    plan, outputs = folder / "nights.toml", folder / "nights"
    narrow = head_recipe().model_copy(update={"name": "image_narrow"})
    (folder / "image_narrow.toml").write_text(recipe_toml(narrow), "utf-8")
    plan.write_text('recipes = ["./image_narrow.toml"]\n', "utf-8")
    print("nights: `rakuten retrain` of one image model")
    seen: set[Path] = set()
    for name, delivered in (("first run", dump), ("second run", dump), ("5 % new photos", grown)):
        command = [sys.executable, "-c", "from flows.cli.main import main; main()", "retrain"]
        with timed() as clock:
            done = subprocess.run(
                [*command, "--dump", str(delivered), "--plan", str(plan), "--modality", "image"],
                env={**os.environ, "RAKUTEN_OUTPUTS": str(outputs)},
                capture_output=True,
                text=True,
                check=False,
            )
        assert done.returncode == 0, done.stderr[-3000:]
        manifests = set(outputs.glob("*-v*/manifest.json")) - seen
        seen |= manifests
        facts = [json.loads(path.read_text("utf-8"))["facts"] for path in manifests]
        touched = [fact["images_computed"] for fact in facts if "images_computed" in fact]
        print(f"  {name}: {clock.wall:.0f} s, {len(manifests)} stages, photos worked on {max(touched, default=0):,}")


def without_newest(dump: Path, folder: Path) -> Path:
    """The dump as it was before its newest products came."""
    folder.mkdir()
    products = pd.read_csv(dump / X_TRAIN, index_col=0)
    kept = products.iloc[: int(len(products) / (1 + NEW_SHARE))]
    kept.to_csv(folder / X_TRAIN)
    pd.read_csv(dump / Y_TRAIN, index_col=0).loc[kept.index].to_csv(folder / Y_TRAIN)
    photos = folder / "images" / "image_train"
    photos.mkdir(parents=True)
    for row in kept.itertuples():
        source = dump / "images" / "image_train" / f"image_{row.imageid}_product_{row.productid}.jpg"
        if source.exists():
            shutil.copyfile(source, photos / source.name)
    return folder


PARTS: dict[str, Callable[[Photos], None]] = {"store": compare_store, "head": compare_head, "rates": compare_rates}


def run_part(part: str, dump: Path) -> None:
    """Compare one thing."""
    with tempfile.TemporaryDirectory() as folder:
        if part == "nights":
            compare_nights(without_newest(dump, Path(folder) / "before"), dump, Path(folder))
        else:
            PARTS[part](Photos(dump, Path(folder) / "outputs"))


def main() -> None:
    """Compare everything, or one part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[*PARTS, "nights"], help="one part (default: all)")
    parser.add_argument("--images", type=int, default=1500, help="generated products with a photo (default: 1500)")
    parser.add_argument("--dump", type=Path, help="a dump to read instead, its photos in a folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        dump = arguments.dump or Path(folder) / "dump"
        if arguments.dump is None:
            write_demo_dump(dump, num_products=arguments.images, num_test_products=1)
        if arguments.only:
            run_part(arguments.only, dump)
            return
        for part in (*PARTS, "nights"):
            subprocess.run([sys.executable, __file__, "--only", part, "--dump", str(dump)], check=True)


if __name__ == "__main__":
    main()
