"""What can be told to be wrong in the first second, before a server or a large library is started."""

from collections.abc import Sequence
from pathlib import Path

from rakuten.data.layout import PRODUCT_TABLES, Y_TRAIN, Part
from rakuten.errors import DumpError
from rakuten.gpus import require_devices
from rakuten.models.building import check_recipe
from rakuten.outputs import OutputStore
from rakuten.outputs.runs import RunBook
from rakuten.prediction.package import open_package, package_folder
from rakuten.promotion.champions import ChampionBook
from rakuten.promotion.decisions import require_reason
from rakuten.promotion.naming import named_run
from rakuten.promotion.rules import load_rules
from rakuten.recipes import RateMethod, Recipe, load_image_study, load_network_recipe, load_plan, rate_finder
from rakuten.recipes.plan import Modality
from rakuten.recipes.recipe import NetworkRecipe
from rakuten.settings import Settings


def check_dump(dump: str) -> None:
    """Refuse what is no dump at all.

    Raises:
        DumpError: If there is no such folder, or no table of products in it.
    """
    folder = Path(dump).expanduser()
    if not folder.is_dir():
        raise DumpError(f"{dump} is no folder")
    if not any((folder / name).exists() for name in PRODUCT_TABLES.values()):
        raise DumpError(f"{dump} holds none of {', '.join(PRODUCT_TABLES.values())}: no dump in the challenge's layout")


def check_retrain(dumps: tuple[str, ...], plan: str, modality: Modality) -> None:
    """Refuse dumps without labels or named twice, and plans or weights that are not there.

    Raises:
        DumpError: As `check_dump`, or if a dump has no labels to learn from, or is named twice.
        RecipeError: If the plan or one of its recipes is absent, does not validate, or names no model.
        WeightsNotFoundError: If a recipe's pre-trained weights are absent.
    """
    for dump in dumps:
        check_labelled(dump)
    if len({Path(dump).expanduser().resolve() for dump in dumps}) < len(dumps):
        raise DumpError(f"a dump is named twice: {', '.join(dumps)}")
    check_plan(plan, modality)


def check_find_rate(dump: str, recipe: str, method: RateMethod, steps: int | None) -> None:
    """Refuse a dump without labels, what has no learning rate, and too few steps.

    Raises:
        DumpError: As `check_labelled`.
        RecipeError: If the recipe is absent, does not validate, names no model or is of no Keras network, or there are
            too few steps.
        WeightsNotFoundError: If the recipe's pre-trained weights are absent.
    """
    check_labelled(dump)
    rate_finder(method, steps)
    _check_recipes((load_network_recipe(recipe),))


def check_study_images(dump: str, plan: str, backbones: Sequence[str]) -> None:
    """Refuse a dump without labels, and studies, backbones or weights that are not there.

    Raises:
        DumpError: As `check_labelled`.
        RecipeError: If the study does not exist, does not validate, or lacks a backbone.
        WeightsNotFoundError: If the pre-trained weights of a backbone are absent.
    """
    check_labelled(dump)
    chosen = load_image_study(plan).restricted_to(backbones)
    _check_recipes((*chosen.selection_recipes(), *chosen.extras))


def check_labelled(dump: str) -> None:
    """Refuse a dump without labels.

    Raises:
        DumpError: As `check_dump`, or if the dump has no labels to learn from.
    """
    check_dump(dump)
    if not (Path(dump).expanduser() / Y_TRAIN).exists():
        raise DumpError(f"{dump} has no labels to learn from ({Y_TRAIN}); `rakuten predict` scores it")


def check_predict(dump: str, model: str, part: Part) -> None:
    """Refuse a dump without the part asked for, a run that is not there, or a damaged package.

    Raises:
        DumpError: As `check_dump`, or if the dump lacks the part.
        RunNotFoundError: If there is no such run.
        PackageError: If the model is a package that is damaged or of another version.
    """
    check_dump(dump)
    if not (Path(dump).expanduser() / PRODUCT_TABLES[part]).exists():
        raise DumpError(f"{dump} has no {part} part ({PRODUCT_TABLES[part]})")
    check_model(model)


def check_backfill(only: str, plan: str, model: str) -> None:
    """Refuse a plan that does not validate, or a model that is not there; dumps are looked at one by one later.

    Raises:
        RecipeError: If the plan or one of its recipes is absent, does not validate, or names no model.
        WeightsNotFoundError: If a recipe's pre-trained weights are absent.
        RunNotFoundError: If there is no such run.
    """
    if only in ("scores", "drift"):
        check_model(model)
    else:
        check_plan(plan, "both")


def check_model(model: str) -> None:
    """Refuse a run or a package that is not there.

    Raises:
        RunNotFoundError: If there is no such run.
        PackageError: If the package is damaged or of another version.
        ChampionError: If the champion is meant, and its record is damaged or lost.
    """
    folder = package_folder(model)
    if folder is not None:
        open_package(folder)
    else:
        check_run(model)


def check_run(model: str) -> None:
    """Refuse a run that is not there.

    Raises:
        RunNotFoundError: If there is no such run.
        ChampionError: If the champion is meant, and its record is damaged or lost.
    """
    named_run(RunBook(OutputStore(Settings().outputs_folder)), model)


def check_promote(run: str, *, force: bool, reason: str) -> None:
    """Refuse a run that is not there or not completed, force without a reason, and rules that are none.

    Raises:
        InputError: If there is no reason.
        RunNotFoundError: If there is no such run.
        RecipeError: If the gate's rules do not validate.
        ChampionError: If the record of the champion is damaged or lost, unless a person decides.
    """
    require_reason(force, reason)
    settings = Settings()
    load_rules(settings.gate)
    named_run(RunBook(OutputStore(settings.outputs_folder)), run)
    if not force:
        ChampionBook(settings.outputs_folder).read()


def check_plan(plan: str, modality: Modality) -> None:
    """Refuse plans or weights that are not there, and GPUs that this machine does not have.

    Raises:
        GpuError: If the settings name a GPU that this machine does not have.
        RecipeError: If the plan or one of its recipes is absent, does not validate, or names no model.
        WeightsNotFoundError: If a recipe's pre-trained weights are absent.
    """
    _check_recipes(load_plan(plan).of_modality(modality))


def _check_recipes(recipes: tuple[Recipe, ...]) -> None:
    from tasks.weights import find_all_weights

    require_devices(Settings().gpus)
    for recipe in recipes:
        if isinstance(recipe, NetworkRecipe):
            check_recipe(recipe)
    find_all_weights(recipes)
