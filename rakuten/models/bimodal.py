"""Words and a photo's features, concatenated: what the report wished to try in the end.

A product without a photo has zeros for features, and a sign that says so. In training photos are taken away at random,
so that the network learns to answer without them, too.

Reference:
    Neverova et al., ModDrop: Adaptive Multi-Modal Gesture Recognition, TPAMI 38(8), 2016.
"""

from typing import TYPE_CHECKING

from pydantic import Field, PositiveInt

from rakuten.models.building import read_architecture
from rakuten.recipes import BimodalRecipe
from rakuten.recipes.strict import Strict
from rakuten.text.hashes import FIRST_BUCKET

if TYPE_CHECKING:
    import keras


class Architecture(Strict):
    """Sizes.

    Attributes:
        embedding_size: Numbers an n-gram's bucket is turned into.
        photo_units: Units that the features of a photo are condensed to.
        text_dropout, features_dropout: Share of the n-grams' mean, and of a photo's units, dropped in training.
        photo_dropout: Share of photos that are taken away in training.
    """

    embedding_size: PositiveInt
    photo_units: PositiveInt
    text_dropout: float = Field(ge=0, lt=1)
    features_dropout: float = Field(ge=0, lt=1)
    photo_dropout: float = Field(ge=0, lt=1)


def build(recipe: BimodalRecipe, num_classes: int, input_shape: tuple[int, int]) -> "keras.Model":
    """Text: Embedding → mean. Photo: Dense relu. Both, and whether there is a photo: Concatenate → softmax.

    Args:
        recipe: Gives `num_buckets` and the sizes.
        num_classes: Columns of the output.
        input_shape: (n-grams, features). Inputs by name: "ngrams", int indices of `rakuten.text.hashes`, 0 for padding;
            "features", float32; "has_photo", float32 (1,), 1 or 0.
    """
    import keras
    from keras import layers

    sizes = read_architecture(recipe, Architecture)
    num_ngrams, num_features = input_shape
    inputs = {
        "ngrams": keras.Input((num_ngrams,), dtype="int32", name="ngrams"),
        "features": keras.Input((num_features,), name="features"),
        "has_photo": keras.Input((1,), name="has_photo"),
    }
    buckets = layers.Embedding(
        FIRST_BUCKET + recipe.num_buckets, sizes.embedding_size, mask_zero=True, name="embedding"
    )
    text = layers.GlobalAveragePooling1D(name="mean")(buckets(inputs["ngrams"]))
    # Dropout makes what it keeps larger; a photo is there or not.
    shown = keras.ops.sign(layers.Dropout(sizes.photo_dropout, name="photo_dropout")(inputs["has_photo"]))
    features = layers.Multiply(name="shown_features")([inputs["features"], shown])
    photo = layers.Dense(sizes.photo_units, activation="relu", name="photo")(features)
    both = layers.Concatenate(name="both")(
        [
            layers.Dropout(sizes.text_dropout, name="text_dropout")(text),
            layers.Dropout(sizes.features_dropout, name="features_dropout")(photo),
            shown,
        ]
    )
    probabilities = layers.Dense(num_classes, activation="softmax", name="probabilities")(both)
    return keras.Model(inputs, probabilities, name="bimodal")
