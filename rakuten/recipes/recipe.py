"""Recipes: everything that decides what one model becomes. One class a family, told apart by `family`."""

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from rakuten.recipes.estimators import Estimator
from rakuten.recipes.strict import Strict


class FitSettings(Strict):
    """How a Keras network is fitted (Adam, sparse categorical cross-entropy).

    Attributes:
        batch_size: Products a step.
        epochs: Passes over the train rows, at most.
        learning_rate: Of Adam.
        patience: Epochs without a lower validation loss after which fitting stops; None: it never stops early.
        restore_best: Whether the weights of the epoch with the lowest validation loss are kept, not the last ones.
        class_weight: "balanced" weighs a row by the inverse share of its class.
    """

    batch_size: PositiveInt
    epochs: PositiveInt
    learning_rate: PositiveFloat
    patience: PositiveInt | None = None
    restore_best: bool = True
    class_weight: Literal["balanced", "none"] = "none"


class _Model(Strict):
    """What every recipe says; `modality` is what a product must have for the model."""

    modality: ClassVar[Literal["text", "image"]]

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    seed: int = Field(default=1234, ge=0)


class _Network(_Model):
    """What every recipe of a Keras network says.

    Attributes:
        model: Module of `rakuten.models` whose `build` makes the network.
        architecture: Sizes that `build` reads.
        fit: How it is fitted.
    """

    model: str
    architecture: dict[str, int | float]
    fit: FitSettings

    @property
    def code_modules(self) -> tuple[str, ...]:
        """Modules this recipe chooses by name; their code enters the stage's key."""
        return (f"rakuten.models.{self.model}",)


class TextNgramsRecipe(_Model):
    """Word and character n-gram TF-IDF of title and description apart, a linear classifier, calibrated.

    Attributes:
        word_ngrams: Shortest and longest word n-gram.
        char_ngrams: Shortest and longest character n-gram, within word boundaries.
        min_df: Documents a term must occur in, within the train rows.
        max_terms: Terms kept of each block (words or characters, of title or description), those of most documents.
        title_weight: Factor on the title's block beside the description's.
        c: Inverse regularisation strength of the linear classifier.
        class_weight: "balanced" weighs a row by the inverse share of its class.
    """

    modality = "text"

    family: Literal["text_ngrams"]
    word_ngrams: tuple[PositiveInt, PositiveInt]
    char_ngrams: tuple[PositiveInt, PositiveInt]
    min_df: PositiveInt
    max_terms: PositiveInt
    title_weight: PositiveFloat
    c: PositiveFloat
    class_weight: Literal["balanced", "none"]


class TextTfidfRecipe(_Model):
    """TF-IDF of the most frequent words of clean texts, and one of the report's scikit-learn classifiers.

    Attributes:
        column: `designation` alone, or `text`: designation and description; both cleaned.
        num_words: Words kept, those that occur most often in the train rows.
        row_limit: Train rows the classifier is fitted to, at most, drawn by `seed` with the shares of the classes;
            None: all. For classifiers whose time grows with the square of the rows.
        allow_constant: Whether a model that answers one class whatever it is shown is kept, with a warning, for the
            sake of a comparison; else it is refused.
        estimator: The classifier and its parameters.
    """

    modality = "text"

    family: Literal["text_tfidf"]
    column: Literal["designation", "text"]
    num_words: PositiveInt
    row_limit: PositiveInt | None = None
    allow_constant: bool = False
    estimator: Estimator


class TextNetworkRecipe(_Network):
    """A Keras network over word indices.

    Attributes:
        column: `designation` alone, or `text`: designation and description; both cleaned.
        num_words: Word indices: padding, unknown words, and the most frequent words of the train rows.
        sequence_length: Words a product at most, cut or padded at the end; no more are read than the longest train text
            has.
    """

    modality = "text"

    family: Literal["text_network"]
    column: Literal["designation", "text"]
    num_words: PositiveInt
    sequence_length: PositiveInt

    @property
    def code_modules(self) -> tuple[str, ...]:
        """Modules this recipe chooses by name; their code enters the stage's key."""
        return (f"rakuten.models.{self.model}",)


class TextHashesRecipe(_Network):
    """A Keras network over hashed n-grams: no vocabulary, so that words it never saw still share parts with others.

    It reads raw texts, made plain and folded: stop words and the forms of numbers tell classes apart.

    Attributes:
        column: `designation` alone, or `text`: designation and description.
        word_ngrams: Shortest and longest word n-gram.
        char_ngrams: Shortest and longest character n-gram, within word boundaries.
        num_buckets: What n-grams are hashed into; word n-grams take one half, character n-grams the other.
        max_ngrams: Different n-grams a product, cut or padded; words come first.
    """

    modality = "text"

    family: Literal["text_hashes"]
    column: Literal["designation", "text"]
    word_ngrams: tuple[PositiveInt, PositiveInt]
    char_ngrams: tuple[PositiveInt, PositiveInt]
    num_buckets: int = Field(ge=2)
    max_ngrams: PositiveInt


class ImageNetworkRecipe(_Network):
    """A Keras network trained on pixels from scratch.

    Attributes:
        input_size: Side of the square images, pixels.
    """

    modality = "image"

    family: Literal["image_network"]
    input_size: PositiveInt

    @property
    def code_modules(self) -> tuple[str, ...]:
        """Modules this recipe chooses by name; their code enters the stage's key."""
        return (f"rakuten.models.{self.model}",)


class Backbone(Strict):
    """A pre-trained network without its top, whose pooled features describe an image.

    Attributes:
        name: Class of `keras.applications`; the ten the report tried.
        input_size: Side of the square images it is shown, pixels.
        alpha: Width multiplier; MobileNetV2 alone has one.
        weights: "imagenet", "random", or the path of a weights file.
    """

    name: Literal[
        "DenseNet121",
        "EfficientNetB7",
        "InceptionResNetV2",
        "InceptionV3",
        "MobileNetV2",
        "NASNetMobile",
        "ResNet50",
        "VGG16",
        "VGG19",
        "Xception",
    ]
    input_size: PositiveInt
    alpha: PositiveFloat = 1.0
    weights: str = "imagenet"

    @model_validator(mode="after")
    def _has_that_width(self) -> Self:
        if self.alpha != 1 and self.name != "MobileNetV2":
            raise ValueError(f"alpha is {self.alpha}, but {self.name} has one width only")
        return self


class ImageFeaturesRecipe(_Network):
    """A head trained on the pooled features of a frozen backbone.

    Attributes:
        backbone: What makes the features.
    """

    modality = "image"

    family: Literal["image_features"]
    backbone: Backbone

    @property
    def code_modules(self) -> tuple[str, ...]:
        """Modules this recipe chooses by name; their code enters the stage's key."""
        return (f"rakuten.models.{self.model}",)


Recipe = Annotated[
    TextNgramsRecipe
    | TextTfidfRecipe
    | TextNetworkRecipe
    | TextHashesRecipe
    | ImageNetworkRecipe
    | ImageFeaturesRecipe,
    Field(discriminator="family"),
]

NetworkRecipe = TextNetworkRecipe | TextHashesRecipe | ImageNetworkRecipe | ImageFeaturesRecipe
