"""A bag of embedded n-grams in the manner of fastText: linear, cheap, and blind to order beyond an n-gram's.

Reference:
    Joulin et al., Bag of Tricks for Efficient Text Classification, EACL 2017.
"""

from typing import TYPE_CHECKING

from pydantic import Field, PositiveInt

from rakuten.models.building import read_architecture
from rakuten.recipes import TextHashesRecipe
from rakuten.recipes.strict import Strict
from rakuten.text.hashes import FIRST_BUCKET

if TYPE_CHECKING:
    import keras


class Architecture(Strict):
    """Sizes.

    Attributes:
        embedding_size: Numbers a bucket is turned into.
        dropout: Share of the mean's numbers dropped in training.
    """

    embedding_size: PositiveInt
    dropout: float = Field(ge=0, lt=1)


def build(recipe: TextHashesRecipe, num_classes: int, input_shape: tuple[int]) -> "keras.Model":
    """Embedding → mean over those that are no padding → Dropout → softmax.

    Args:
        recipe: Gives `num_buckets` and the sizes.
        num_classes: Columns of the output.
        input_shape: (n-grams,): int indices of `rakuten.text.hashes`, 0 for padding; every row holds another one.
    """
    import keras
    from keras import layers

    sizes = read_architecture(recipe, Architecture)
    return keras.Sequential(
        [
            keras.Input(input_shape, dtype="int32", name="ngrams"),
            layers.Embedding(FIRST_BUCKET + recipe.num_buckets, sizes.embedding_size, mask_zero=True, name="embedding"),
            layers.GlobalAveragePooling1D(name="mean"),
            layers.Dropout(sizes.dropout, name="dropout"),
            layers.Dense(num_classes, activation="softmax", name="probabilities"),
        ],
        name="text_fasttext",
    )
