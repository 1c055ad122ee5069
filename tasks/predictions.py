"""What predicting needs of an earlier run or a package, and handing the result over."""

import logging
import shutil

from rakuten.dumps.layout import Part
from rakuten.errors import InputError, PackageError
from rakuten.outputs import StageOutput
from rakuten.outputs.atomic import whole_file
from rakuten.paths import named_path, why_no_folder
from rakuten.prediction.package import ModelPackage, ModelVariant, PackagedMember, open_package, package_folder
from rakuten.promotion.naming import named_run
from rakuten.recipes import ImageInput
from rakuten.runs.records import RunRecord
from tasks import stages
from tasks.dumps import Dump
from tasks.models import ModelData, images_for
from tasks.runs import run_book

logger = logging.getLogger("rakuten.predictions")


def find_package(model: str) -> ModelPackage:
    """The model package that a name means, all its files checked.

    Args:
        model: Folder of a package; or what `named_run` takes.

    Raises:
        RunNotFoundError: If there is no such run, or its package is gone.
        PackageError: If the package is damaged or of another version.
        ChampionError: If the champion is meant, and its record is damaged or lost.
    """
    folder = package_folder(model)
    if folder is not None:
        return open_package(folder)
    book = run_book()
    record = named_run(book, model)
    return open_package(book.output(record, "package").folder)


def run_behind(model: str) -> RunRecord | None:
    """The run whose package a name means; None for the folder of a package.

    Raises:
        RunNotFoundError: If there is no such run.
        ChampionError: If the champion is meant, and its record is damaged or lost.
    """
    return named_run(run_book(), model) if package_folder(model) is None else None


def fitted_products(package: ModelPackage, record: RunRecord | None) -> ModelPackage | StageOutput:
    """The list of products that a package's models were fitted on.

    Args:
        package: The package.
        record: The run that made it; None where only the folder is known. A package of format 1 has no list: it is made
            anew from the run's products and split.

    Returns:
        The package itself, or `list_fitted_products`.

    Raises:
        PackageError: If neither the package nor its run knows.
        RunNotFoundError: If the run's products or split are gone.
    """
    if package.record.lists_fitted_products:
        return package
    if record is None:
        raise PackageError(
            f"{package.folder} is a package of format 1, which does not list the products it was fitted on: which "
            "products of another dump it has not seen is unknown, so it cannot be scored; it can still predict "
            "(`rakuten predict`), and a new `rakuten retrain` makes one that can"
        )
    logger.info("%s lists no fitted products (format 1): listing those of run %s", package.key, record.run)
    book = run_book()
    return stages.list_fitted_products.submit(clean=book.output(record, "clean"), split=book.output(record, "split"))


def classify(
    package: ModelPackage, dump: Dump, clean: StageOutput, part: Part, variant: ModelVariant | None = None
) -> StageOutput:
    """Submit the classification of a part of a dump.

    Args:
        package: Whose models are asked; image models only where the dump has images.
        dump: The dump.
        clean: Its products, cleaned as the package says.
        part: Which of them.
        variant: Which variant of the models; None: refitted ones, where there are some.

    Returns:
        The output that holds the probabilities.

    Raises:
        InputError: If no model can say anything of the dump's products.
    """
    recipes = package.record.recipes
    asked = [name for name, recipe in recipes.items() if recipe.modality == "text" or dump.has_images]
    if not asked:
        raise InputError(f"{package.folder} holds image models only, and {dump.path} has no images")
    if len(asked) < len(recipes):
        logger.warning("%s has no images: its products are classified by their texts alone", dump.path)
    chosen: ModelVariant = variant or ("refitted" if package.record.is_refitted else "scored")
    logger.info("predicting with %s of %s: %s", chosen, package.key, ", ".join(asked))
    data = ModelData(dumps=(dump,), clean=clean)
    images = {
        member.name: made
        for member in package.record.members
        if member.name in asked and (read := recipes[member.name].image_input) is not None
        if (made := _images(read, data, package, member)) is not None
    }
    return stages.classify_products.submit(package=package, clean=clean, part=part, images=images, variant=chosen)


def deliver(submission: StageOutput, output: str) -> int:
    """Copy a submission to where the user wants it, its probabilities beside it.

    Args:
        submission: What `write_submission` made.
        output: Path of the CSV file.

    Returns:
        Number of products in it.

    Raises:
        InputError: If the folder of the file does not exist.
    """
    target = named_path(output)
    reason = why_no_folder(target.parent)
    if reason is not None:
        raise InputError(f"{output}: the folder {target.parent} {reason}")
    files = {"submission.csv": target, "probabilities.parquet": target.with_suffix(".probabilities.parquet")}
    for name, path in files.items():
        with whole_file(path) as temporary:
            shutil.copyfile(submission.file(name), temporary)
    rows: int = submission.facts["products"]
    logger.info("%d predictions written to %s", rows, target)
    return rows


def _images(read: ImageInput, data: ModelData, package: ModelPackage, member: PackagedMember) -> StageOutput | None:
    return images_for(read, data, weights=lambda backbone: package.weights(member))
