"""What can be told to be wrong in the first second, before a server or a large library is started."""

import os
from collections.abc import Sequence
from pathlib import Path

from rakuten.dumps.layout import PRODUCT_TABLES, X_TRAIN, Y_TRAIN, Part
from rakuten.errors import ChampionError, DumpError, InputError, SettingError
from rakuten.gpus import require_devices
from rakuten.outputs import OutputStore
from rakuten.outputs.disk_space import require_space
from rakuten.paths import named_path, why_no_file, why_no_folder
from rakuten.prediction.chosen_models import choose_models
from rakuten.prediction.package import open_package, package_folder
from rakuten.promotion.champions import ChampionBook
from rakuten.promotion.decisions import require_reason
from rakuten.promotion.naming import named_run
from rakuten.promotion.rules import load_rules
from rakuten.recipes import RateMethod, Recipe, load_image_study, load_network_recipe, load_plan, rate_finder
from rakuten.recipes.plan import Modality
from rakuten.runs.records import RunBook
from rakuten.settings import Settings
from rakuten.training.family import family_of

# A file without line breaks is no table, and is not read to its end here.
_LONGEST_HEADER = 100_000


def check_dump(dump: str) -> None:
    """Refuse what is no dump at all.

    Raises:
        DumpError: If there is no such folder, no table of products in it, or no product in the tables.
    """
    folder = named_path(dump)
    reason = why_no_folder(folder)
    if reason is not None:
        raise DumpError(f"dump {dump} {reason}")
    tables = [name for name in PRODUCT_TABLES.values() if (folder / name).exists()]
    if not tables:
        raise DumpError(f"{dump} holds none of {', '.join(PRODUCT_TABLES.values())}: no dump in the challenge's layout")
    if not any(_has_rows(folder / name) for name in tables):
        raise DumpError(f"{dump} holds no products: {' and '.join(tables)} have no row below the header")


def check_retrain(dumps: tuple[str, ...], plan: str, modality: Modality) -> None:
    """Refuse dumps without labels or named twice, and plans or weights that are not there.

    Raises:
        DumpError: As `check_dump`, or if a dump has no labels to learn from, or is named twice.
        RecipeError: If the plan or one of its recipes is absent, does not validate, or names no model.
        WeightsNotFoundError: If a recipe's pre-trained weights are absent.
    """
    for dump in dumps:
        check_labelled(dump)
    if len({named_path(dump).resolve() for dump in dumps}) < len(dumps):
        raise DumpError(f"a dump is named twice: {', '.join(dumps)}")
    check_plan(plan, modality)


def check_fuse(models: tuple[str, ...], plan: str | None) -> None:
    """Refuse models that are not there or cannot be fused, and a plan that is not there.

    Raises:
        InputError: If the models were trained on other products or splits, see `choose_models`.
        RunNotFoundError: If there is no such run, or a model is gone.
        RecipeError: If the plan is absent or does not validate.
    """
    book = RunBook(OutputStore(check_outputs(Settings())))
    choose_models(book, models, load_plan(plan).fusion if plan else None)


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
    labels = named_path(dump) / Y_TRAIN
    if not labels.exists():
        raise DumpError(f"{dump} has no labels to learn from ({Y_TRAIN}); `rakuten predict` scores it")
    for table in (labels, labels.with_name(X_TRAIN)):
        if table.exists() and not _has_rows(table):
            raise DumpError(f"{dump} has no labels to learn from: {table.name} has no row below the header")


def check_predict(dump: str, model: str, part: Part, output: str) -> None:
    """Refuse a dump without the part asked for, a run that is not there, a damaged package, or no place for the result.

    Raises:
        InputError: If the output's folder does not exist or cannot be written, or the output is a folder.
        DumpError: As `check_dump`, or if the dump lacks the part.
        RunNotFoundError: If there is no such run.
        PackageError: If the model is a package that is damaged or of another version.
    """
    check_dump(dump)
    table = named_path(dump) / PRODUCT_TABLES[part]
    if not table.exists():
        raise DumpError(f"{dump} has no {part} part ({table.name})")
    if not _has_rows(table):
        raise DumpError(f"{dump} has no products in its {part} part: {table.name} has no row below the header")
    check_output(output)
    check_model(model)


def check_output(output: str) -> None:
    """Refuse a file that cannot be written where it is wanted.

    Raises:
        InputError: If its folder does not exist or cannot be written, or it is a folder itself.
    """
    path = named_path(output)
    reason = why_no_folder(path.parent)
    if reason is not None:
        raise InputError(f"--output {output}: the folder {path.parent} {reason}")
    if path.is_dir():
        raise InputError(f"--output {output} is a folder, expected a file")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InputError(f"--output {output} cannot be written")


def check_outputs(settings: Settings, *, to_write: bool = False) -> Path:
    """The outputs folder; refuse what cannot be one.

    Args:
        settings: Of this machine.
        to_write: Whether it must be writable; it is made if absent.

    Raises:
        SettingError: If it is a file or a link in a loop, or cannot be made or written.
        DiskFullError: If it is to be written and its disk is full.
    """
    folder = settings.outputs_folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = why_no_folder(folder) if isinstance(error, FileExistsError) else f"cannot be made: {error.strerror}"
        raise SettingError(f"RAKUTEN_OUTPUTS: {folder} {reason}") from error
    if to_write and not os.access(folder, os.W_OK | os.X_OK):
        raise SettingError(f"RAKUTEN_OUTPUTS: {folder} cannot be written; name another folder")
    if to_write:
        # Prefect's server cannot say so: its database fails with an internal error.
        require_space(folder, 0, "a run")
    return folder


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
    named_run(RunBook(OutputStore(check_outputs(Settings()))), model)


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
    named_run(RunBook(OutputStore(check_outputs(settings))), run)
    if not force:
        ChampionBook(settings.outputs_folder).read()


def check_rollback() -> None:
    """Refuse to go back to a champion that is gone: nothing could predict.

    Raises:
        ChampionError: If the record of the champion is damaged or lost, or its predecessor's package is gone.
    """
    store = OutputStore(Settings().outputs_folder)
    previous = ChampionBook(store.folder).read().previous
    if previous and store.find(previous.candidate.package) is None:
        raise ChampionError(
            f"the package {previous.candidate.package} of the previous champion, run {previous.candidate.run}, is gone "
            "or damaged: run its retrain again, or name another model with `rakuten promote RUN --force --reason TEXT`"
        )


def check_plan(plan: str, modality: Modality) -> None:
    """Refuse plans or weights that are not there, and GPUs that this machine does not have.

    Raises:
        GpuError: If the settings name a GPU that this machine does not have.
        RecipeError: If the plan or one of its recipes is absent, does not validate, or names no model.
        WeightsNotFoundError: If a recipe's pre-trained weights are absent.
    """
    _check_recipes(load_plan(plan).of_modality(modality))


def _has_rows(table: Path) -> bool:
    """Is there anything below the first line of a table? Its records are read and checked later."""
    if why_no_file(table) is not None:
        # Said by whoever reads it; a pipe would be waited for.
        return True
    with table.open("rb") as file:
        file.readline(_LONGEST_HEADER)
        while block := file.read(65536):
            if block.strip():
                return True
    return False


def _check_recipes(recipes: tuple[Recipe, ...]) -> None:
    from tasks.weights import check_weights

    require_devices(Settings().gpus)
    for recipe in recipes:
        family_of(recipe).check(recipe)
    check_weights(recipes)
