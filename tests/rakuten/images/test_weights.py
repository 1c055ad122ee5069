import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rakuten.errors import WeightsNotFoundError
from rakuten.images.backbones import PUBLISHED as PUBLISHED_NETWORKS
from rakuten.images.backbones import weights_file_name
from rakuten.images.weights import find_weights
from rakuten.recipes import Backbone
from rakuten.stages import content_of

MOBILENET = Backbone(name="MobileNetV2", input_size=224, alpha=0.35)
PUBLISHED = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5"


def test_published_file_is_named_as_keras_names_it() -> None:
    assert weights_file_name(MOBILENET) == PUBLISHED
    assert weights_file_name(Backbone(name="MobileNetV2", input_size=96)).endswith("_1.0_96_no_top.h5")
    assert weights_file_name(Backbone(name="MobileNetV2", input_size=100)).endswith("_1.0_224_no_top.h5")
    assert weights_file_name(Backbone(name="EfficientNetB7", input_size=224)) == "efficientnetb7_notop.h5"


def test_missing_weights_name_the_file_the_folder_and_the_way_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(WeightsNotFoundError) as caught:
        find_weights(MOBILENET, tmp_path)
    message = str(caught.value)
    assert PUBLISHED in message
    assert str(tmp_path / "models") in message
    assert "RAKUTEN_WEIGHTS" in message
    assert re.search(
        r"KERAS_HOME=\S+ python -c 'import keras; keras.applications.MobileNetV2\(.*alpha=0.35\)'", message
    )


@pytest.mark.parametrize("name", sorted(PUBLISHED_NETWORKS))
def test_names_and_digests_of_files_are_those_that_keras_publishes(name: str) -> None:
    from keras.src import applications

    published = PUBLISHED_NETWORKS[name]
    module = "resnet" if published.module == "resnet50" else published.module
    source = (Path(applications.__file__).parent / f"{module}.py").read_text("utf-8")
    assert published.md5 is None or f'"{published.md5}"' in source
    assert (published.md5 is None) == ("file_hash" not in source)
    if name not in ("EfficientNetB7", "InceptionResNetV2", "MobileNetV2", "ResNet50"):
        # Keras puts the names of these four together from parts.
        assert published.weights_file in source


def test_missing_weights_name_their_digest_where_keras_publishes_one(tmp_path: Path) -> None:
    with pytest.raises(WeightsNotFoundError, match=r"xception_\w+_notop\.h5 \(MD5 b0042744\w+\) in "):
        find_weights(Backbone(name="Xception", input_size=299), tmp_path)


def test_another_file_under_a_published_name_is_refused(tmp_path: Path) -> None:
    backbone = Backbone(name="VGG16", input_size=224)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / weights_file_name(backbone)).write_bytes(b"half a download")
    with pytest.raises(WeightsNotFoundError, match=r"expected MD5 6d6bbae\w+, received [0-9a-f]{32}; copy it there"):
        find_weights(backbone, tmp_path)


def test_missing_weights_are_found_out_without_keras() -> None:
    code = (
        "import sys; from pathlib import Path; from rakuten.images.weights import find_weights;"
        "from rakuten.recipes import Backbone; from rakuten.errors import WeightsNotFoundError\n"
        "try: find_weights(Backbone(name='VGG16', input_size=224), Path('nowhere'))\n"
        "except WeightsNotFoundError: sys.exit('keras' in sys.modules)\n"
        "sys.exit(3)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, env={**os.environ}).returncode == 0


def test_key_of_weights_is_their_content_not_their_place(tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder / "models").mkdir(parents=True)
        (tmp_path / folder / "models" / PUBLISHED).write_bytes(b"weights")
    here, there = (find_weights(MOBILENET, tmp_path / folder) for folder in ("here", "there"))
    assert here is not None
    assert there is not None
    assert here.path != there.path
    assert content_of(here) == content_of(there)
    here.path.write_bytes(b"others!")
    with pytest.raises(WeightsNotFoundError, match="changed"):
        here.check()
    here.path.unlink()
    with pytest.raises(WeightsNotFoundError, match="gone"):
        here.check()


def test_weights_file_of_the_recipe_s_own_is_taken_and_never_replaced(tmp_path: Path) -> None:
    own = tmp_path / "own.h5"
    backbone = MOBILENET.model_copy(update={"weights": str(own)})
    with pytest.raises(WeightsNotFoundError, match="the recipe names it"):
        find_weights(backbone, tmp_path)
    own.write_bytes(b"weights")
    found = find_weights(backbone, tmp_path)
    assert found is not None
    assert found.path == own


def test_random_weights_need_no_file(tmp_path: Path) -> None:
    assert find_weights(MOBILENET.model_copy(update={"weights": "random"}), tmp_path) is None
