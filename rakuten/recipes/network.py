"""What recipes of all families say, and how every Keras network is fitted."""

from typing import ClassVar, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from rakuten.recipes.strict import Strict


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
    """What every recipe says.

    `modality` is what a product must have for the model to answer; `reads_photos`, whether it reads them at all: then
    there must be some to learn from.
    """

    modality: ClassVar[Literal["text", "image"]]
    reads_photos: ClassVar[bool] = False

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    seed: int = Field(default=1234, ge=0)


class KerasRecipe(ModelRecipe):
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
