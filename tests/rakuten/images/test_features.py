import hashlib
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
from test_resizing import jpeg, make_dump

from rakuten.dumps.snapshot import list_dump, record_snapshot
from rakuten.errors import InputError
from rakuten.images.arrays import ImageArrays
from rakuten.images.backbones import build_backbone
from rakuten.images.features import count_unextracted, extract_features
from rakuten.outputs import OutputStore
from rakuten.recipes import Backbone

RANDOM = Backbone(name="MobileNetV2", input_size=32, alpha=0.35, weights="random")


def test_features_of_an_image_do_not_depend_on_its_dump_or_place(tmp_path: Path) -> None:
    red, green, truncated = jpeg(50, 50), jpeg(80, 40, (10, 200, 10)), jpeg(90, 90)[:400]
    values = []
    for name, images in (("one", [red, truncated]), ("two", [green, red])):
        # A store each: nothing is shared, so what is equal was computed to be equal.
        store = OutputStore(tmp_path / name / "outputs")
        dump = make_dump(tmp_path / name / "dump", images)
        snapshot = store.run(record_snapshot, listing=list_dump(dump))
        inputs = {"snapshot": snapshot, "dump": dump, "backbone": RANDOM, "weights": None}
        assert count_unextracted(store, **inputs).items == 2
        output = store.run(extract_features, **inputs)
        assert output.facts["features"] == 1280
        features = ImageArrays(output.folder, "features")
        assert hashlib.sha256(truncated).hexdigest() not in features.usable
        values.append(features.gather([hashlib.sha256(red).hexdigest()]))
    np.testing.assert_array_equal(*values)
    assert np.ptp(values[0]) > 0


def test_random_weights_are_never_taken_in_place_of_a_file(tmp_path: Path) -> None:
    imagenet = RANDOM.model_copy(update={"weights": "imagenet"})
    with pytest.raises(InputError, match=r"weights is 'imagenet', received None"):
        extract_features.function(tmp_path, None, tmp_path, imagenet, None)


@pytest.fixture(scope="module")
def own_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of the narrow network, all of them 0.5."""
    path = tmp_path_factory.mktemp("weights") / "own.weights.h5"
    network = build_backbone(RANDOM, None)
    network.set_weights([np.full_like(weight, 0.5) for weight in network.get_weights()])
    network.save_weights(path)
    return path


@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_file_that_holds_weights_of_another_width_is_refused(own_weights: Path) -> None:
    with pytest.raises(InputError, match=r"does not hold the weights of mobilenetv2_0\.50"):
        build_backbone(RANDOM.model_copy(update={"alpha": 0.5}), own_weights)


@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_file_that_holds_some_of_the_weights_is_refused(own_weights: Path, tmp_path: Path) -> None:
    build_backbone(RANDOM, own_weights)
    path = tmp_path / "some.weights.h5"
    shutil.copyfile(own_weights, path)
    with h5py.File(path, "r+") as file:
        del file["layers"]["conv2d_1"]
    with pytest.raises(InputError, match="does not hold the weights of mobilenetv2"):
        build_backbone(RANDOM, path)


def test_file_that_is_no_weights_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.h5"
    path.write_bytes(b"no weights")
    with pytest.raises(InputError, match="does not hold the weights"):
        build_backbone(RANDOM, path)
