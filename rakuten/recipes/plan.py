"""Plans: which recipes a run trains, on which split of which texts, and how it fuses them."""

from typing import Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from rakuten.recipes.recipe import Recipe
from rakuten.recipes.strict import Name, Strict

Modality = Literal["both", "text", "image"]
FusionMethod = Literal["single", "average", "weighted", "max", "fitted", "greedy", "stacked"]


class CleaningRecipe(Strict):
    """How texts are cleaned (report, section 3.4.1).

    Attributes:
        stop_word_languages: Languages whose stop words are removed, as the package `stop-words` names them.
        min_word_length: Letters a word must have to stay.
        keep_digits: Whether digits may stand in a word; the report dropped them.
        corpus_word_share: A word is a corpus-wide stop word when at least this share of the train rows of every
            class hold it; None: none is.
        stemming_language: Language whose Snowball stems replace the words, as NLTK names it ("french"); None: words
            stay. It measured no better on 12,000 real titles.
    """

    stop_word_languages: tuple[str, ...] = ("fr", "en", "de")
    min_word_length: PositiveInt = 2
    keep_digits: bool = True
    corpus_word_share: float | None = Field(default=0.05, gt=0, lt=1)
    stemming_language: str | None = None


class SplitRecipe(Strict):
    """How products are divided.

    Attributes:
        method: "content": by a digest of the product's text, stable under new dumps and safe for twins. "report":
            20 % random test rows as the report drew them, validation rows taken from the rest.
        validation: Share of validation rows (with "report": of the rows that are not test).
        test: Share of test rows ("content" only).
        seed: With "report", of the random draw; with "content", part of what is digested.
    """

    method: Literal["content", "report"] = "content"
    validation: float = Field(default=0.1, gt=0, lt=0.5)
    test: float = Field(default=0.1, gt=0, lt=0.5)
    seed: int = Field(default=1234, ge=0)


class FusionRecipe(Strict):
    """How the models' probabilities become one decision.

    Attributes:
        methods: Ways to fuse that are scored. "single": the best model alone. "average": the mean. "weighted": weights
            from validation F1, the report's vote. "max": the highest probability over all members, its other vote.
            "fitted": the weights of the smallest cross-entropy. "greedy": ensemble selection. "stacked": logistic
            regression on the probabilities.
        decision: The method that predictions are made with; "auto": the one of the highest weighted F1 on validation
            rows, each answered by what was fitted to others.
        calibrate: Whether each model is brought to its own temperature before fusing, and the answer to its own after.
        weights: Of "weighted", by recipe, in place of validation F1; empty: F1.
    """

    methods: tuple[FusionMethod, ...] = Field(
        default=("single", "average", "weighted", "max", "fitted", "greedy", "stacked"), min_length=1
    )
    decision: FusionMethod | Literal["auto"] = "auto"
    calibrate: bool = True
    weights: dict[str, PositiveFloat] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _decision_is_scored(self) -> Self:
        if self.decision != "auto" and self.decision not in self.methods:
            raise ValueError(f"decision {self.decision!r} is not among the methods {list(self.methods)}")
        return self


class Plan(Strict):
    """One run's work.

    Attributes:
        name: The plan's name.
        recipes: What is trained, in the order of reports.
        cleaning, split, fusion: See their classes.
        refit: Whether the models are fitted again to all labelled products once they are scored, with the settings
            found (epochs, calibration, fusion), to predict with.
    """

    name: Name
    recipes: tuple[Recipe, ...] = Field(min_length=1)
    cleaning: CleaningRecipe = CleaningRecipe()
    split: SplitRecipe = SplitRecipe()
    fusion: FusionRecipe = FusionRecipe()
    refit: bool = False

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [recipe.name for recipe in self.recipes]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"recipes named more than once: {', '.join(repeated)}")
        return self

    @model_validator(mode="after")
    def _weights_are_of_all_recipes(self) -> Self:
        names = {recipe.name for recipe in self.recipes}
        if self.fusion.weights and set(self.fusion.weights) != names:
            raise ValueError(
                f"fusion.weights are of {sorted(self.fusion.weights)}, expected one each of {sorted(names)}"
            )
        return self

    def of_modality(self, modality: Modality) -> tuple[Recipe, ...]:
        """The recipes that a run restricted to one modality trains; those that read both belong to neither."""
        if modality == "both":
            return self.recipes
        return tuple(
            recipe
            for recipe in self.recipes
            if recipe.modality == modality and (recipe.image_input is not None) == (modality == "image")
        )
