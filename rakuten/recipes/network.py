"""Base classes of recipes, and how a Keras network is fitted."""

from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from rakuten.gpus import keras_backend
from rakuten.recipes.image import ImageInput
from rakuten.recipes.strict import Strict
from rakuten.settings import Settings

InputName = Literal["corpus_words", "images", "weights"]
# Hyperparameters of a network by name.
Architecture = dict[str, bool | int | float | str]


class FitSettings(Strict):
    """How a Keras network is fitted (Adam, sparse categorical cross-entropy).

    Attributes:
        batch_size: Products a step, unless `most_steps` asks for more.
        most_steps: Steps an epoch, at most: with more train rows than `most_steps * batch_size` batches grow instead,
            for many rows are learnt from in fewer passes; None: batches never grow.
        epochs: Passes over the train rows, at most.
        learning_rate: Of Adam.
        patience: Epochs without a lower validation loss after which fitting stops; None: it never stops early.
        restore_best: Whether the weights of the epoch with the lowest validation loss are kept, not the last ones.
        class_weight: "balanced" weighs a row by the inverse share of its class.
        sampling: "natural" shows every row once an epoch; "balanced" as many rows of each class, so that rows of rare
            classes come several times and not every row of a common one comes.
    """

    batch_size: PositiveInt
    most_steps: PositiveInt | None = None
    epochs: PositiveInt
    learning_rate: PositiveFloat
    patience: PositiveInt | None = None
    restore_best: bool = True
    class_weight: Literal["balanced", "none"] = "none"
    sampling: Literal["natural", "balanced"] = "natural"

    def batch_size_of(self, num_rows: int) -> int:
        """Products a step where there are so many train rows."""
        return self.batch_size if self.most_steps is None else max(self.batch_size, -(-num_rows // self.most_steps))

    @model_validator(mode="after")
    def _balances_once(self) -> Self:
        if self.class_weight == self.sampling == "balanced":
            raise ValueError("class_weight and sampling are both balanced; either makes rare classes count as much")
        return self


class ModelRecipe(Strict):
    """Base of all recipes: fields, and what a training needs to know before it loads the family's code.

    Attributes:
        modality: What a product must have to be predicted.
        inputs: What the model reads beside products and split, see `rakuten.training.family.ModelInputs`.
        requires: Distributions whose versions matter to the model; see `libraries`.
    """

    modality: ClassVar[Literal["text", "image"]]
    inputs: ClassVar[tuple[InputName, ...]] = ()
    requires: ClassVar[tuple[str, ...]] = ("numpy",)

    if TYPE_CHECKING:
        family: str
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    seed: int = Field(default=1234, ge=0)

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of clean products that the model reads, beside productid."""
        raise NotImplementedError

    @property
    def image_input(self) -> ImageInput | None:
        """The array that the model reads of an image; None: it reads none."""
        return None

    @property
    def family_module(self) -> str:
        """Module of the family's code: it is named as the module of the recipe."""
        return f"rakuten.training.families.{type(self).__module__.rpartition('.')[2]}"

    @property
    def code_modules(self) -> tuple[str, ...]:
        """Modules that the recipe chooses by name; their code enters the keys of stages that are given it."""
        return (self.family_module,)

    @property
    def libraries(self) -> tuple[str, ...]:
        """Distributions whose versions enter these keys."""
        return self.requires

    @property
    def environment(self) -> dict[str, str]:
        """Facts of this machine that enter these keys."""
        return {}


class KerasRecipe(ModelRecipe):
    """Base of the recipes of Keras networks.

    Attributes:
        model: Module of `rakuten.models` whose `build` makes the network.
        architecture: Hyperparameters that `build` reads.
        fit: How it is fitted.
    """

    model: str
    architecture: Architecture
    fit: FitSettings

    @property
    def code_modules(self) -> tuple[str, ...]:
        """The family's, and the network's."""
        return (*super().code_modules, f"rakuten.models.{self.model}")

    @property
    def libraries(self) -> tuple[str, ...]:
        """Keras and its backend as well."""
        return (*super().libraries, "keras", keras_backend())

    @property
    def environment(self) -> dict[str, str]:
        """Backend and device: other kernels, and half precision on a GPU, make another model."""
        return {"keras_backend": keras_backend(), "device": "gpu" if Settings().gpus else "cpu"}
