"""What can be told to be wrong in the first second, before a server or a large library is started."""

from pathlib import Path

from rakuten.data.layout import PRODUCT_TABLES, Y_TRAIN, Part
from rakuten.errors import DumpError, InputError
from rakuten.models.building import check_recipe
from rakuten.outputs import OutputStore
from rakuten.outputs.runs import RunBook
from rakuten.promotion.champions import ChampionBook
from rakuten.promotion.naming import named_run
from rakuten.promotion.rules import load_rules
from rakuten.recipes import load_plan
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


def check_retrain(dump: str, plan: str, modality: Modality) -> None:
    """Refuse a dump without labels, and plans or weights that are not there.

    Raises:
        DumpError: As `check_dump`, or if the dump has no labels to learn from.
        RecipeError: If the plan or one of its recipes is absent, does not validate, or names no model.
        WeightsNotFoundError: If a recipe's pre-trained weights are absent.
    """
    from tasks.weights import find_all_weights

    check_dump(dump)
    if not (Path(dump).expanduser() / Y_TRAIN).exists():
        raise DumpError(f"{dump} has no labels to learn from ({Y_TRAIN}); `rakuten predict` scores it")
    recipes = load_plan(plan).of_modality(modality)
    for recipe in recipes:
        if isinstance(recipe, NetworkRecipe):
            check_recipe(recipe)
    find_all_weights(recipes)


def check_predict(dump: str, model: str, part: Part) -> None:
    """Refuse a dump without the part asked for, or a run that is not there.

    Raises:
        DumpError: As `check_dump`, or if the dump lacks the part.
        RunNotFoundError: If there is no such run.
    """
    check_dump(dump)
    if not (Path(dump).expanduser() / PRODUCT_TABLES[part]).exists():
        raise DumpError(f"{dump} has no {part} part ({PRODUCT_TABLES[part]})")
    named_run(RunBook(OutputStore(Settings().outputs_folder)), model)


def check_promote(run: str, *, force: bool, reason: str) -> None:
    """Refuse a run that is not there or not completed, force without a reason, and rules that are none.

    Raises:
        InputError: If there is no reason.
        RunNotFoundError: If there is no such run.
        RecipeError: If the gate's rules do not validate.
        ChampionError: If the record of the champion is damaged or lost, unless a person decides.
    """
    if force and not reason.strip():
        raise InputError("--force needs --reason TEXT: it is recorded with the decision")
    settings = Settings()
    load_rules(settings.gate)
    named_run(RunBook(OutputStore(settings.outputs_folder)), run)
    if not force:
        ChampionBook(settings.outputs_folder).read()
