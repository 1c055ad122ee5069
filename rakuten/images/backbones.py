"""The ten ImageNet networks the report tried: where Keras has them, which file holds their weights, what they eat.

Facts to know: the report fed all of them pixels scaled by 1/255. MobileNetV2, NASNet, Xception and the Inceptions
expect -1..1, ResNet50 and VGG BGR minus the ImageNet mean, DenseNet the ImageNet mean and deviation, EfficientNet
0..255. Here each gets its own `preprocess_input`.
"""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

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
        md5: Digest that Keras gives of this file; None: it gives none.
    """

    module: str
    weights_file: str
    md5: str | None


PUBLISHED: dict[str, Published] = {
    "DenseNet121": Published(
        "densenet",
        "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "30ee3e1110167f948a6b9946edeeb738",
    ),
    "EfficientNetB7": Published("efficientnet", "efficientnetb7_notop.h5", "cbcfe4450ddf6f3ad90b1b398090fe4a"),
    "InceptionResNetV2": Published(
        "inception_resnet_v2",
        "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "d19885ff4a710c122648d3b5c3b684e4",
    ),
    "InceptionV3": Published(
        "inception_v3",
        "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "bcbd6486424b2319ff4ef7d526e38f63",
    ),
    "MobileNetV2": Published(
        "mobilenet_v2", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{alpha}_{size}_no_top.h5", None
    ),
    "NASNetMobile": Published("nasnet", "nasnet_mobile_no_top.h5", "1ed92395b5b598bdda52abe5c0dbfd63"),
    "ResNet50": Published(
        "resnet50",
        "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "4d473c1dd8becc155b73f8504c6f6626",
    ),
    "VGG16": Published(
        "vgg16",
        "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "6d6bbae143d832006294945121d1f1fc",
    ),
    "VGG19": Published(
        "vgg19",
        "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "253f8cb515780f3b799900260a226db6",
    ),
    "Xception": Published(
        "xception",
        "xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "b0042744bf5b25fce3cb969f33bebb97",
    ),
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
    network = build_network(backbone, pooling="avg")
    if weights is not None:
        load_weights(network, weights)
    network.trainable = False
    return network


def build_network(backbone: Backbone, pooling: Literal["avg"] | None = None) -> "keras.Model":
    """The network from prepared pixels to its last layer's maps, or to their means; with random weights."""
    width = {"alpha": backbone.alpha} if backbone.name == "MobileNetV2" else {}
    network: keras.Model = getattr(_application(backbone), backbone.name)(
        include_top=False,
        pooling=pooling,
        weights=None,
        input_shape=(backbone.input_size, backbone.input_size, 3),
        **width,
    )
    return network


def unfreeze(network: "keras.Model", num_layers: int | Literal["all"], *, batch_norm: bool) -> None:
    """Have only the last layers trained; the others behave in training as they do in prediction.

    Args:
        network: As `build_network` made it, without pooling.
        num_layers: How many, counted as the report did: over the network's list of layers without its top, each
            convolution, normalisation, activation, addition and pooling being one.
        batch_norm: Whether BatchNormalization among them is trained; else it stays frozen.
    """
    from keras import layers

    num_frozen = 0 if num_layers == "all" else max(0, len(network.layers) - num_layers)
    for place, layer in enumerate(network.layers):
        is_kept = isinstance(layer, layers.BatchNormalization) and not batch_norm
        # Keras runs BatchNormalization that is not trainable in inference mode, but no other layer.
        layer.trainable = place >= num_frozen and not is_kept
        if place < num_frozen and isinstance(layer, layers.Dropout):
            layer.rate = 0.0


def load_weights(network: "keras.Model", weights: Path) -> None:
    """Load weights, all of them: of some files Keras takes what fits and only warns of the rest.

    Raises:
        InputError: If the file does not hold weights of this network.
    """
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
    return np.asarray(preparation(backbone)(pixels.astype(np.float32)), np.float32)


def preparation(backbone: Backbone) -> Callable[[Any], Any]:
    """The backbone's own `preprocess_input`, for float32 pixels, 0..255; called on a Keras tensor it becomes layers."""
    preprocess: Callable[[Any], Any] = _application(backbone).preprocess_input
    return preprocess


def _application(backbone: Backbone) -> ModuleType:
    import keras

    module: ModuleType = getattr(keras.applications, PUBLISHED[backbone.name].module)
    return module
