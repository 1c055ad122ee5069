"""An image study under way: what is trained in a step, what came of it, what the next step goes on with."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from rakuten.errors import InputError
from rakuten.outputs import StageOutput
from rakuten.recipes import ImageFeaturesRecipe, ImageStudyPlan
from rakuten.recipes.families.image_network import ImageRecipe
from rakuten.reporting.study_steps import TITLES
from tasks import stages
from tasks.dumps import Dump
from tasks.futures import settled
from tasks.models import ModelData, search_learning_rate, train


def require_photos(dump: Dump) -> None:
    """Refuse a dump that cannot be studied.

    Raises:
        InputError: If it has no images or no labels.
    """
    for there, what in ((dump.has_images, "images"), (dump.has_labels, "labels")):
        if not there:
            raise InputError(f"{dump.path} has no {what}, and an image study learns from both images and labels")


@dataclass(frozen=True)
class Begun:
    """A step whose trainings (or searches) are under way.

    Attributes:
        step: Its name, of `rakuten.reporting.study_steps.TITLES`.
        recipes: What is trained.
        outputs: By name of the recipe.
    """

    step: str
    recipes: tuple[ImageRecipe, ...]
    outputs: dict[str, StageOutput]


@dataclass
class ImageStudy:
    """A study of one dump.

    Attributes:
        plan: What is studied.
        data: What models read.
        split: The split.
        models: Outputs of trainings that came to an end, by recipe.
        reports: The steps' reports, by step.
        finalists: What steps 2 to 5 go on with; known after step 1.
    """

    plan: ImageStudyPlan
    data: ModelData
    split: StageOutput
    models: dict[str, StageOutput] = field(default_factory=dict)
    reports: dict[str, StageOutput] = field(default_factory=dict)
    finalists: tuple[ImageFeaturesRecipe, ...] = ()

    def begin(self, step: str, recipes: Sequence[ImageRecipe]) -> Begun:
        """Submit the trainings of a step."""
        return Begun(step, tuple(recipes), {recipe.name: train(recipe, self.data, self.split) for recipe in recipes})

    def begin_selection(self) -> Begun:
        """Submit step 1."""
        return self.begin("selection", self.plan.selection_recipes())

    def begin_rates(self) -> Begun:
        """Submit step 4: range tests of the finalists' heads."""
        searches = {
            recipe.name: search_learning_rate(recipe, self.plan.rates, self.data, self.split)
            for recipe in self.finalists
        }
        return Begun("rates", self.finalists, searches)

    def end(self, begun: Begun) -> None:
        """Wait for the trainings of a step, score them, and submit the report of the step."""
        trained, refused = settled(begun.outputs)
        self.models |= trained
        if begun.step == "selection":
            self._choose(begun, trained, refused)
        evaluations = tuple(
            stages.evaluate.submit(scored=model, split=self.split, name=name) for name, model in trained.items()
        )
        detailed = self.finalists if begun.step == "selection" else begun.recipes
        if begun.recipes:
            self.reports[begun.step] = stages.report_step.submit(
                step=begun.step,
                evaluations=evaluations,
                recipes=begun.recipes,
                detailed=tuple(recipe.name for recipe in detailed),
                refused=refused,
                snapshot=self.data.dumps[0].snapshot,
                split=self.split,
            )

    def end_rates(self, begun: Begun) -> dict[str, float]:
        """Wait for step 4 and submit its report.

        Returns:
            Learning rates by recipe; those that were refused are absent.
        """
        found, refused = settled(begun.outputs)
        pictures = {name: stages.draw_rate_curve.submit(found=search, name=name) for name, search in found.items()}
        self.reports["rates"] = stages.report_rates.submit(
            found=tuple(found.values()),
            pictures=tuple(pictures.values()),
            recipes=tuple(recipe for recipe in self.finalists if recipe.name in found),
            refused=refused,
            snapshot=self.data.dumps[0].snapshot,
            split=self.split,
        )
        # As many digits as a range test is good for, so that the recipes of step 5 can be read.
        return {name: float(f"{search.facts['learning_rate']:.2g}") for name, search in found.items()}

    def summarise(self) -> StageOutput:
        """Submit the summary of all steps."""
        return stages.render_study.submit(
            steps=tuple(self.reports[step] for step in TITLES if step in self.reports),
            plan=self.plan,
            snapshot=self.data.dumps[0].snapshot,
            dump_name=self.data.dumps[0].name,
        )

    @property
    def kept_models(self) -> dict[str, StageOutput]:
        """The models that the study's run records: of step 1 the finalists' alone."""
        return {name: model for name, model in self.models.items() if self.goes_on(name)}

    def goes_on(self, name: str) -> bool:
        """Whether a model is a finalist's or of a later step."""
        tried = {recipe.name for recipe in self.plan.selection_recipes()}
        return name not in tried or name in {recipe.name for recipe in self.finalists}

    def _choose(self, begun: Begun, trained: dict[str, StageOutput], refused: dict[str, str]) -> None:
        # On validation products alone: nobody has looked at the test products yet.
        validation_f1 = {name: float(model.facts["validation_f1_weighted"]) for name, model in trained.items()}
        self.finalists = self.plan.best(validation_f1)
        if not self.finalists:
            name, reason = next(iter(refused.items()))
            raise InputError(f"no backbone of {self.plan.name} is left after step 1; {name}: {reason}")
