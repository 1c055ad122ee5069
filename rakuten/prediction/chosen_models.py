"""Selection of trained models of earlier runs for fusion; products and split must be the same."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rakuten.errors import InputError
from rakuten.outputs import StageOutput
from rakuten.paths import did_you_mean
from rakuten.recipes import CleaningRecipe, Plan, Recipe, SplitRecipe
from rakuten.recipes.loading import parse_recipe
from rakuten.recipes.plan import FusionRecipe
from rakuten.runs.records import RunBook, RunRecord

PLAN_NAME = "fuse"


@dataclass(frozen=True)
class ChosenModel:
    """Trained model of an earlier run.

    Attributes:
        run: Run.
        recipe: Recipe.
        scored: Model trained on train products.
        refitted: Model refitted to all labelled products; None unless all selected models are refitted.
    """

    run: RunRecord
    recipe: Recipe
    scored: StageOutput
    refitted: StageOutput | None


@dataclass(frozen=True)
class ChosenModels:
    """Models with the same products and split, for fusion.

    Attributes:
        models: In the order of the given names.
        plan: Recipes, cleaning, split and fusion.
        run: Run that represents the dumps, products and split of all.
        clean, split: `clean_products` and `split_products` of all runs.
    """

    models: tuple[ChosenModel, ...]
    plan: Plan
    run: RunRecord
    clean: StageOutput
    split: StageOutput


def choose_models(book: RunBook, names: Sequence[str], fusion: FusionRecipe | None = None) -> ChosenModels:
    """Find models of earlier runs and check that they can be fused.

    Args:
        book: All runs.
        names: RUN:RECIPE each; RUN is a run id or a prefix of one.
        fusion: Fusion recipe; None: that of the first run's plan.

    Raises:
        InputError: If a name is invalid, a run has no such recipe, a recipe is repeated, products or splits differ, or
            the fusion has weights of other recipes.
        RunNotFoundError: If a run, a model, its products or its split do not exist.
    """
    models = tuple(_find(book, name) for name in names)
    recipes = tuple(model.recipe for model in models)
    named = [recipe.name for recipe in recipes]
    if repeated := sorted({name for name in named if named.count(name) > 1}):
        raise InputError(f"recipes named more than once: {', '.join(repeated)}; a fusion needs models that differ")
    for model in models[1:]:
        _require_same_products(book, models[0].run, model.run)
    run = next((model.run for model in models if book.outputs(model.run).validations), None)
    if run is None:
        raise InputError(f"run {models[0].run.run} kept no validation of its dump; name a model of a retrain run, too")
    fusion = fusion or FusionRecipe.model_validate(run.plan.get("fusion", {}))
    if fusion.weights and set(fusion.weights) != set(named):
        raise InputError(
            f"the fusion's weights are of {', '.join(sorted(fusion.weights))}, expected one each of "
            f"{', '.join(sorted(named))}; name a plan without weights, or with these, with --plan"
        )
    plan = Plan(
        name=PLAN_NAME,
        recipes=recipes,
        cleaning=CleaningRecipe.model_validate(run.plan["cleaning"]),
        split=SplitRecipe.model_validate(run.plan["split"]),
        fusion=fusion,
        refit=all(model.refitted for model in models),
    )
    if not plan.refit:
        models = tuple(replace(model, refitted=None) for model in models)
    return ChosenModels(models, plan, run, book.output(run, "clean"), book.output(run, "split"))


def _find(book: RunBook, name: str) -> ChosenModel:
    run, colon, recipe = name.rpartition(":")
    if not (colon and run and recipe):
        raise InputError(f"--model {name}: expected RUN:RECIPE, a run's id and a recipe that it has trained")
    record = book.find(run)
    made = book.outputs(record)
    if recipe not in made.models:
        known = ", ".join(made.models) or "no model"
        hint = did_you_mean(recipe, made.models)
        raise InputError(f"--model {name}: run {record.run} has trained {known}, not {recipe!r}{hint}")
    scored = book.model(record, recipe)
    refitted = book.model(record, recipe, refitted=True) if recipe in made.refitted else None
    return ChosenModel(record, parse_recipe(scored.manifest.identity["inputs"]["recipe"]["content"]), scored, refitted)


def _require_same_products(book: RunBook, first: RunRecord, other: RunRecord) -> None:
    before, after = book.outputs(first), book.outputs(other)
    compared = (("cleaned products", before.clean, after.clean), ("splits", before.split, after.split))
    for what, one, another in compared:
        if one != another:
            keys = f"{one.key if one else 'none'} and {another.key if another else 'none'}"
            raise InputError(
                f"models of runs {first.run} and {other.run} cannot be fused: their {what} differ ({keys}); train both "
                "on the same dumps, with the same [cleaning] and [split]"
            )
