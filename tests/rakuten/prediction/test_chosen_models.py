"""Models of earlier runs chosen to be fused: found, put into one plan, and refused where they do not fit together."""

from typing import Any

import pytest

from rakuten.errors import InputError, RunNotFoundError
from rakuten.outputs import StageOutput
from rakuten.prediction.chosen_models import ChosenModels, choose_models
from rakuten.recipes import Plan, load_recipe
from rakuten.recipes.plan import FusionRecipe, SplitRecipe
from rakuten.runs.records import RunBook, RunRecord, Status
from rakuten.runs.run_outputs import RunOutputs


class Trained:
    """Runs in one outputs folder, each with the models of a plan."""

    def __init__(self, hand_made: Any) -> None:
        self.hand_made = hand_made
        self.book = RunBook(hand_made.store)
        self.clean, self.split = self.output("clean_products"), self.output("split_products")
        self.number = 0

    def output(self, stage: str, **inputs: Any) -> StageOutput:
        made = len(list(self.hand_made.store.folder.glob(f"{stage}-*")))
        output: StageOutput = self.hand_made.output(f"{stage}-v1-{made}", {}, inputs)
        return output

    def run(self, *recipes: str, refitted: bool = False, **changed: Any) -> RunRecord:
        plan = Plan(
            name="night",
            recipes=tuple(map(load_recipe, recipes)),
            split=SplitRecipe(test=0.2),
            fusion=FusionRecipe(methods=("average",), weights=changed.pop("weights", {})),
        )
        models = {recipe.name: self.model(recipe) for recipe in plan.recipes}
        made = RunOutputs(
            **{"clean": self.clean, "split": self.split, "validations": (self.clean,), **changed},
            models=models,
            refitted={recipe.name: self.model(recipe) for recipe in plan.recipes} if refitted else {},
        )
        opened = self.book.open("retrain", parameters={"dump": "monday"}, plan=plan.model_dump(mode="json"))
        keys = {role: output.key for role, output in made.to_roles().items()}
        return self.book.close(opened, Status.COMPLETED, outputs=keys)

    def model(self, recipe: Any) -> StageOutput:
        content = {"model": type(recipe).__name__, "content": recipe.model_dump(mode="json")}
        return self.output("train", recipe=content)

    def choose(self, *names: str, fusion: FusionRecipe | None = None) -> ChosenModels:
        return choose_models(self.book, names, fusion)


@pytest.fixture
def trained(hand_made: Any) -> Trained:
    return Trained(hand_made)


def test_models_of_two_runs_become_one_plan(trained: Trained) -> None:
    first, second = trained.run("text_dnn", "text_gru"), trained.run("image_vgg16_frozen")
    chosen = trained.choose(f"{second.run}:image_vgg16_frozen", f"{first.run}:text_gru")
    assert chosen.plan.recipes == (load_recipe("image_vgg16_frozen"), load_recipe("text_gru"))
    assert (chosen.plan.split, chosen.plan.fusion) == (SplitRecipe(test=0.2), FusionRecipe(methods=("average",)))
    assert [model.scored for model in chosen.models] == [
        trained.book.model(second, "image_vgg16_frozen"),
        trained.book.model(first, "text_gru"),
    ]
    assert (chosen.clean, chosen.split, chosen.run.run) == (trained.clean, trained.split, second.run)


def test_refitted_models_are_taken_where_all_have_them(trained: Trained) -> None:
    first, second = trained.run("text_dnn", refitted=True), trained.run("text_gru", refitted=True)
    third = trained.run("text_rnn_designation")
    both = trained.choose(f"{first.run}:text_dnn", f"{second.run}:text_gru")
    assert both.plan.refit
    assert [model.refitted for model in both.models] == [
        trained.book.model(first, "text_dnn", refitted=True),
        trained.book.model(second, "text_gru", refitted=True),
    ]
    some = trained.choose(f"{first.run}:text_dnn", f"{third.run}:text_rnn_designation")
    assert not some.plan.refit
    assert [model.refitted for model in some.models] == [None, None]


def test_a_given_fusion_stands_for_that_of_the_first_run(trained: Trained) -> None:
    run = trained.run("text_dnn", "text_gru")
    fusion = FusionRecipe(methods=("max",))
    assert trained.choose(f"{run.run}:text_dnn", f"{run.run}:text_gru", fusion=fusion).plan.fusion == fusion


@pytest.mark.parametrize("role", ["clean", "split"])
def test_models_of_other_products_or_another_split_are_refused_with_both_runs(trained: Trained, role: str) -> None:
    first = trained.run("text_dnn")
    second = trained.run("text_gru", **{role: trained.output("other")})
    what = {"clean": "cleaned products", "split": "splits"}[role]
    with pytest.raises(InputError) as refused:
        trained.choose(f"{first.run}:text_dnn", f"{second.run}:text_gru")
    assert f"runs {first.run} and {second.run} cannot be fused: their {what} differ (" in str(refused.value)
    assert "and other-v1-0); train both on the same dumps" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_unknown_recipe_is_refused_with_the_closest_one(trained: Trained) -> None:
    run = trained.run("text_dnn", "text_gru").run
    message = f"run {run} has trained text_dnn, text_gru, not 'text_gro'; did you mean 'text_gru'"
    with pytest.raises(InputError, match=message):
        trained.choose(f"{run}:text_gro")


def test_an_unknown_run_is_refused_with_the_closest_one(trained: Trained) -> None:
    run = trained.run("text_dnn").run
    with pytest.raises(RunNotFoundError, match=f"did you mean '{run}'"):
        trained.choose(f"{run[:-1]}x:text_dnn")


@pytest.mark.parametrize("name", ["text_dnn", ":text_dnn", "20261127-night:", ""])
def test_a_name_without_run_or_recipe_is_refused(trained: Trained, name: str) -> None:
    with pytest.raises(InputError, match=f"--model {name}: expected RUN:RECIPE"):
        trained.choose(name)


def test_a_recipe_of_two_runs_is_refused(trained: Trained) -> None:
    first, second = trained.run("text_dnn"), trained.run("text_dnn")
    with pytest.raises(InputError, match="recipes named more than once: text_dnn"):
        trained.choose(f"{first.run}:text_dnn", f"{second.run}:text_dnn")


def test_weights_of_other_recipes_are_refused(trained: Trained) -> None:
    run = trained.run("text_dnn", "text_gru", weights={"text_dnn": 1.0, "text_gru": 2.0})
    assert trained.choose(f"{run.run}:text_dnn", f"{run.run}:text_gru").plan.fusion.weights
    with pytest.raises(InputError, match="weights are of text_dnn, text_gru, expected one each of text_dnn; name a"):
        trained.choose(f"{run.run}:text_dnn")


def test_runs_without_a_validation_are_refused(trained: Trained) -> None:
    run = trained.run("text_dnn", validations=())
    with pytest.raises(InputError, match="kept no validation of its dump; name a model of a retrain run, too"):
        trained.choose(f"{run.run}:text_dnn")


def test_a_model_that_is_gone_is_refused(trained: Trained) -> None:
    run = trained.run("text_dnn")
    (trained.book.model(run, "text_dnn").folder / "manifest.json").unlink()
    with pytest.raises(RunNotFoundError, match="is gone or damaged"):
        trained.choose(f"{run.run}:text_dnn")
