"""The image study as a plan: which backbones in which sizes, and what each of the report's five steps does with them.

The report's section 4.2.2.4. Steps 2 to 5 go on with the best backbones of step 1, chosen on validation products, and
step 5 with the rates of step 4; so what they train follows from what was found. All of it is a function of this plan
and those findings.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from rakuten.errors import RecipeError
from rakuten.paths import did_you_mean
from rakuten.recipes.families.image_network import ImageBackboneRecipe, ImageFeaturesRecipe, ImageRecipe
from rakuten.recipes.image import Augmentation, Backbone
from rakuten.recipes.network import Architecture, FitSettings
from rakuten.recipes.plan import CleaningRecipe, SplitRecipe
from rakuten.recipes.rate_finder import RateFinderRecipe
from rakuten.recipes.strict import Name, Strict

Layers = NonNegativeInt | Literal["all"]


class Candidate(Strict):
    """A backbone of the study.

    Attributes:
        name, alpha, weights: As in `Backbone`.
        input_sizes: Sides of the images it is tried with in step 1, pixels.
        unfrozen_layers: Layers that step 3 trains on.
        final_unfrozen_layers: Layers that step 5 trains on; None: the same.
        fine_tuning_epochs: Epochs of step 3, at most; None: the plan's.
    """

    name: str
    alpha: PositiveFloat = 1.0
    weights: str = "imagenet"
    input_sizes: tuple[PositiveInt, ...] = Field(min_length=1)
    unfrozen_layers: Layers
    final_unfrozen_layers: Layers | None = None
    fine_tuning_epochs: PositiveInt | None = None

    @property
    def label(self) -> str:
        """The name in names of recipes; tells widths apart."""
        width = "" if self.alpha == 1 else f"_{self.alpha:g}".replace(".", "")
        return f"{self.name.lower()}{width}"

    def backbone(self, input_size: int) -> Backbone:
        """The backbone for one of its sizes."""
        content = {"name": self.name, "input_size": input_size, "alpha": self.alpha, "weights": self.weights}
        return Backbone.model_validate(content)

    @model_validator(mode="after")
    def _exists(self) -> Self:
        self.backbone(self.input_sizes[0])
        return self


class Selection(Strict):
    """Step 1: heads on frozen features, one for each combination of sizes, batch sizes and epochs.

    Attributes:
        batch_sizes, epochs: What is tried.
        learning_rate: Of Adam.
    """

    batch_sizes: tuple[PositiveInt, ...] = Field(min_length=1)
    epochs: tuple[PositiveInt, ...] = Field(min_length=1)
    learning_rate: PositiveFloat


class Step(Strict):
    """Steps 2 and 3.

    Attributes:
        epochs: At most.
        learning_rate: Of Adam.
    """

    epochs: PositiveInt
    learning_rate: PositiveFloat


class ImageStudyPlan(Strict):
    """A whole study.

    Attributes:
        name: The plan's name.
        keep: Backbones that steps 2 to 5 go on with.
        patience: Epochs without a lower validation loss after which a training stops.
        head: Sizes of the head, see `rakuten.models.feature_head`.
        augmentation: Of steps 2, 3 and 5.
        selection: Step 1.
        augmented: Step 2: as step 1's best, with augmentation.
        fine_tuning: Step 3: unfrozen layers and augmentation.
        rates: Step 4: the range test of the head.
        final_epochs: Step 5: as step 3 at the rate found; epochs, at most.
        candidates: The backbones.
        extras: Recipes beyond the steps, which wait for no choice: a baseline, wishes.
        cleaning, split: See their classes.
    """

    name: Name
    keep: PositiveInt
    patience: PositiveInt
    head: Architecture
    augmentation: Augmentation
    selection: Selection
    augmented: Step
    fine_tuning: Step
    rates: RateFinderRecipe
    final_epochs: PositiveInt
    candidates: tuple[Candidate, ...] = Field(min_length=1)
    extras: tuple[Annotated[ImageRecipe, Field(discriminator="family")], ...] = ()
    cleaning: CleaningRecipe = CleaningRecipe()
    split: SplitRecipe = SplitRecipe()

    @model_validator(mode="after")
    def _labels_differ(self) -> Self:
        labels = [candidate.label for candidate in self.candidates]
        if repeated := sorted({label for label in labels if labels.count(label) > 1}):
            raise ValueError(f"backbones named more than once: {', '.join(repeated)}")
        return self

    def restricted_to(self, backbones: Sequence[str]) -> "ImageStudyPlan":
        """The same study of some backbones alone, and of the extras that stand on them.

        Args:
            backbones: Names as Keras writes them, capitals or not; empty: all.

        Raises:
            RecipeError: If the study has no such backbone.
        """
        if not backbones:
            return self
        wanted = {name.lower() for name in backbones}
        known = {candidate.name.lower(): candidate.name for candidate in self.candidates}
        if unknown := sorted(wanted - known.keys()):
            hint = did_you_mean(unknown[0], known.values()) or f"; it has {', '.join(known.values())}"
            raise RecipeError(f"plan {self.name} has no backbone {unknown[0]!r}{hint}")
        candidates = tuple(candidate for candidate in self.candidates if candidate.name.lower() in wanted)
        used = [(recipe, recipe.image_input.backbone) for recipe in self.extras]
        extras = tuple(recipe for recipe, backbone in used if backbone and backbone.name.lower() in wanted)
        return self.model_copy(update={"candidates": candidates, "extras": extras})

    def selection_recipes(self) -> tuple[ImageFeaturesRecipe, ...]:
        """Step 1."""
        return tuple(
            ImageFeaturesRecipe(
                name=f"{candidate.label}_{input_size}px_batch{batch_size}_{epochs}epochs",
                family="image_features",
                model="feature_head",
                backbone=candidate.backbone(input_size),
                architecture=self.head,
                fit=self._fit(batch_size, epochs, self.selection.learning_rate),
            )
            for candidate in self.candidates
            for input_size in candidate.input_sizes
            for batch_size in self.selection.batch_sizes
            for epochs in self.selection.epochs
        )

    def best(self, validation_f1: Mapping[str, float]) -> tuple[ImageFeaturesRecipe, ...]:
        """The best recipe of each of the best backbones of step 1; of equals the one that the plan names first.

        Args:
            validation_f1: Weighted F1 on validation products, by recipe of step 1; one that is absent was refused.

        Returns:
            The best first; as many as `keep`, or fewer where there are no more.
        """
        found: dict[str, ImageFeaturesRecipe] = {}
        recipes = [recipe for recipe in self.selection_recipes() if recipe.name in validation_f1]
        for recipe in sorted(recipes, key=lambda recipe: -validation_f1[recipe.name]):
            found.setdefault(self._candidate(recipe).label, recipe)
        return tuple(found.values())[: self.keep]

    def augmented_recipes(self, best: Sequence[ImageFeaturesRecipe]) -> tuple[ImageBackboneRecipe, ...]:
        """Step 2."""
        return tuple(
            self._network("augmented", recipe, 0, self.augmented.epochs, self.augmented.learning_rate)
            for recipe in best
        )

    def fine_tuning_recipes(self, best: Sequence[ImageFeaturesRecipe]) -> tuple[ImageBackboneRecipe, ...]:
        """Step 3."""
        return tuple(
            self._network(
                "fine_tuned",
                recipe,
                candidate.unfrozen_layers,
                candidate.fine_tuning_epochs or self.fine_tuning.epochs,
                self.fine_tuning.learning_rate,
            )
            for recipe, candidate in ((recipe, self._candidate(recipe)) for recipe in best)
        )

    def final_recipes(
        self, best: Sequence[ImageFeaturesRecipe], rates: Mapping[str, float]
    ) -> tuple[ImageBackboneRecipe, ...]:
        """Step 5.

        Args:
            best: As `best` chose them.
            rates: Learning rates that step 4 found, by recipe of `best`; those without one are left out.
        """
        return tuple(
            self._network(
                "final",
                recipe,
                candidate.unfrozen_layers
                if candidate.final_unfrozen_layers is None
                else candidate.final_unfrozen_layers,
                self.final_epochs,
                rates[recipe.name],
            )
            for recipe, candidate in ((recipe, self._candidate(recipe)) for recipe in best)
            if recipe.name in rates
        )

    def _network(
        self, step: str, best: ImageFeaturesRecipe, unfrozen_layers: Layers, epochs: int, learning_rate: float
    ) -> ImageBackboneRecipe:
        """A network over pixels, in the size and batch size that were best in step 1."""
        return ImageBackboneRecipe(
            name=f"{self._candidate(best).label}_{step}",
            family="image_backbone",
            model="image_backbone",
            backbone=best.backbone,
            unfrozen_layers=unfrozen_layers,
            augmentation=self.augmentation,
            architecture=self.head,
            fit=self._fit(best.fit.batch_size, epochs, learning_rate),
        )

    def _candidate(self, recipe: ImageFeaturesRecipe) -> Candidate:
        of_recipe = (recipe.backbone.name, recipe.backbone.alpha)
        return next(candidate for candidate in self.candidates if (candidate.name, candidate.alpha) == of_recipe)

    def _fit(self, batch_size: int, epochs: int, learning_rate: float) -> FitSettings:
        return FitSettings(batch_size=batch_size, epochs=epochs, learning_rate=learning_rate, patience=self.patience)
