"""The ten ImageNet networks the report tried: where Keras has them, which file holds their weights, what they eat.

Facts to know: the report fed all of them pixels scaled by 1/255. MobileNetV2, NASNet, Xception and the Inceptions
expect -1..1, ResNet50 and VGG BGR minus the ImageNet mean, DenseNet the ImageNet mean and deviation, EfficientNet
0..255. Here each gets its own `preprocess_input`.
"""

from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from rakuten.determinism import make_reproducible
from rakuten.errors import InputError
from rakuten.recipes import Backbone

if TYPE_CHECKING:
    import keras

RANDOM_WEIGHTS_SEED = 1234

# Keras has MobileNetV2 weights for these input sizes, and takes those of 224 for any other.
MOBILENET_V2_SIZES = (96, 128, 160, 192, 224)


class Published(NamedTuple):
    """Where a backbone is to be found.

    Attributes:
        module: Of `keras.applications`.
        weights_file: Name under which Keras publishes its weights without top.
    """

    module: str
    weights_file: str


PUBLISHED: dict[str, Published] = {
    "DenseNet121": Published("densenet", "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    "EfficientNetB7": Published("efficientnet", "efficientnetb7_notop.h5"),
    "InceptionResNetV2": Published(
        "inception_resnet_v2", "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5"
    ),
    "InceptionV3": Published("inception_v3", "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    "MobileNetV2": Published(
        "mobilenet_v2", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_{size}_no_top.h5"
    ),
    "NASNetMobile": Published("nasnet", "nasnet_mobile_no_top.h5"),
    "ResNet50": Published("resnet50", "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    "VGG16": Published("vgg16", "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    "VGG19": Published("vgg19", "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"),
    "Xception": Published("xception", "xception_weights_tf_dim_ordering_tf_kernels_notop.h5"),
}


def weights_file_name(backbone: Backbone) -> str:
    """Name of the published file of a backbone's ImageNet weights."""
    size = backbone.input_size if backbone.input_size in MOBILENET_V2_SIZES else 224
    return PUBLISHED[backbone.name].weights_file.format(alpha=float(backbone.alpha), size=size)


def build_backbone(backbone: Backbone, weights: Path | None) -> "keras.Model":
    """The frozen network from prepared pixels to pooled features.

    Args:
        backbone: Which one, for which input size.
        weights: File of its weights without top; None: random ones, always the same.

    Raises:
        InputError: If the file does not hold weights of this backbone.
    """
    make_reproducible(RANDOM_WEIGHTS_SEED)
    width = {"alpha": backbone.alpha} if backbone.name == "MobileNetV2" else {}
    network = getattr(_application(backbone), backbone.name)(
        include_top=False,
        pooling="avg",
        weights=None,
        input_shape=(backbone.input_size, backbone.input_size, 3),
        **width,
    )
    if weights is not None:
        _load(network, weights)
    network.trainable = False
    return network


def _load(network: "keras.Model", weights: Path) -> None:
    """Load weights, all of them: of some files Keras takes what fits and only warns of the rest."""
    random = network.get_weights()
    try:
        network.load_weights(weights)
    except (ValueError, OSError) as error:
        raise InputError(f"{weights} does not hold the weights of {network.name}: {error}") from error
    loaded = zip(network.weights, random, network.get_weights(), strict=True)
    # Kernels alone: the offsets of a trained network may well be the zeros that they started from.
    untouched = [variable.path for variable, old, new in loaded if old.ndim > 1 and np.array_equal(old, new)]
    if untouched:
        raise InputError(f"{weights} does not hold the weights of {network.name}: none for {untouched[0]}")


def prepare_pixels(backbone: Backbone, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Pixels as this backbone was trained on them.

    Args:
        backbone: Whose `preprocess_input` to use.
        pixels: uint8 (num_images, height, width, 3), RGB.

    Returns:
        float32 of the same shape.
    """
    prepared = _application(backbone).preprocess_input(pixels.astype(np.float32))
    return np.asarray(prepared, np.float32)


def _application(backbone: Backbone) -> ModuleType:
    import keras

    module: ModuleType = getattr(keras.applications, PUBLISHED[backbone.name].module)
    return module
