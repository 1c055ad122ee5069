"""A head on frozen features of real photos is as good as logistic regression on them, within two points."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from rakuten.catalogue.classes import TARGETS
from rakuten.data.probabilities import PROBABILITIES, Probabilities
from rakuten.dumps.snapshot import list_dump, record_snapshot
from rakuten.dumps.snapshot_files import SnapshotFiles
from rakuten.images.arrays import FEATURES, ImageArrays
from rakuten.images.features import extract_features
from rakuten.images.weights import find_weights
from rakuten.outputs import OutputStore
from rakuten.recipes import ImageFeaturesRecipe, load_recipe
from rakuten.training.examples import Examples
from rakuten.training.networks.network import NetworkData, train_network

FOLDS = 5
POINTS = 0.02

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(1800)]

Features = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]


@pytest.fixture(scope="module")
def recipe() -> ImageFeaturesRecipe:
    found = load_recipe("image_mobilenet_v2_few_photos")
    assert isinstance(found, ImageFeaturesRecipe)
    return found


@pytest.fixture(scope="module")
def real_features(shared_data: Path, recipe: ImageFeaturesRecipe, tmp_path_factory: pytest.TempPathFactory) -> Features:
    """Features and classes of the real photos."""
    dump = shared_data / "real-multimodal"
    store = OutputStore(tmp_path_factory.mktemp("features") / "outputs")
    snapshot = store.run(record_snapshot, listing=list_dump(dump))
    weights = find_weights(recipe.backbone, shared_data / "weights")
    made = store.run(extract_features, snapshot=snapshot, dump=dump, backbone=recipe.backbone, weights=weights)
    with SnapshotFiles(snapshot, dump) as files:
        digests = {name.partition("/")[2]: digest for name, digest in files.images.items()}
    products = pd.read_csv(dump / "X_train_update.csv", index_col=0)
    labels = pd.read_csv(dump / "y_train_CVw08PX.csv", index_col=0)["prdtypecode"]
    names = [f"image_{row.imageid}_product_{row.productid}.jpg" for row in products.itertuples()]
    features = ImageArrays(made.folder, FEATURES).gather([digests[name] for name in names])
    return features, np.array([TARGETS[code] for code in labels])


def predicted_by_head(
    out: Path, recipe: ImageFeaturesRecipe, data: Features, fitted: npt.NDArray[np.int64], test: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Classes of the test rows; one row of each class is taken from the fitted ones to validate on."""
    features, targets = data
    _, first_of_class = np.unique(targets[fitted], return_index=True)
    sides = np.full(len(targets), "test", "<U10")
    sides[fitted] = "train"
    sides[fitted[first_of_class]] = "validation"
    out.mkdir()
    examples = Examples(np.arange(len(targets)), targets, sides, features.__getitem__)
    train_network(out, NetworkData(recipe, examples, (1280,)))
    return Probabilities.read(out / PROBABILITIES).of(test).values.argmax(axis=1)


def test_a_head_is_within_two_points_of_logistic_regression_over_five_folds(
    real_features: Features, recipe: ImageFeaturesRecipe, tmp_path: Path
) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.model_selection import StratifiedKFold

    features, targets = real_features
    by_head, by_regression = np.empty_like(targets), np.empty_like(targets)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=1234).split(features, targets)
    for fold, (fitted, test) in enumerate(folds):
        regression = LogisticRegression(max_iter=3000).fit(features[fitted], targets[fitted])
        by_regression[test] = regression.predict(features[test])
        by_head[test] = predicted_by_head(tmp_path / str(fold), recipe, real_features, fitted, test)
    head, regression_f1 = (f1_score(targets, found, average="weighted") for found in (by_head, by_regression))
    print(f"weighted F1 over {FOLDS} folds: head {head:.4f}, logistic regression {regression_f1:.4f}")
    assert regression_f1 > 0.3
    assert head >= regression_f1 - POINTS
