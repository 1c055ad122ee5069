"""What predicting needs of an earlier run, and handing the result over."""

import logging
import shutil
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from rakuten.errors import InputError
from rakuten.outputs import StageOutput
from rakuten.outputs.atomic import whole_file
from rakuten.promotion.naming import named_run
from rakuten.recipes import Plan, Recipe
from tasks.dumps import Dump
from tasks.runs import run_book

logger = logging.getLogger("rakuten.predictions")


class FusedModel(BaseModel):
    """The models of a run and how they are fused.

    Attributes:
        run: Id of the run.
        plan: Its plan.
        models: Trained models by recipe name.
        fusion: The fusion that decides.
        corpus_words: Corpus-wide stop words its text models learnt without.
    """

    model_config = ConfigDict(frozen=True)

    run: str
    plan: Plan
    models: dict[str, StageOutput]
    fusion: StageOutput
    corpus_words: StageOutput


def fused_model(run: str) -> FusedModel:
    """The fused model of a run.

    Args:
        run: As `named_run` takes it.

    Raises:
        RunNotFoundError: If there is none, or its outputs are gone.
        ChampionError: If the record of the champion is damaged or lost.
    """
    book = run_book()
    record = named_run(book, run)
    plan = Plan.model_validate(record.plan)
    trained = [recipe.name for recipe in plan.recipes if f"model {recipe.name}" in record.outputs]
    logger.info("predicting with run %s: %s", record.run, ", ".join(trained))
    return FusedModel(
        run=record.run,
        plan=plan,
        models={name: book.output(record, f"model {name}") for name in trained},
        fusion=book.output(record, "decision"),
        corpus_words=book.output(record, "corpus words"),
    )


def members_for(trained: FusedModel, dump: Dump) -> list[tuple[Recipe, StageOutput]]:
    """The models that can say something of a dump's products: image models only where there are images.

    Raises:
        InputError: If there are none.
    """
    members = [
        (recipe, trained.models[recipe.name])
        for recipe in trained.plan.recipes
        if recipe.name in trained.models and (recipe.modality == "text" or dump.has_images)
    ]
    if not members:
        raise InputError(f"run {trained.run} has image models only, and {dump.path} has no images")
    if len(members) < len(trained.models):
        logger.warning("%s has no images: its products are classified by their texts alone", dump.path)
    return members


def deliver(submission: StageOutput, output: str) -> int:
    """Copy a submission to where the user wants it, its probabilities beside it.

    Args:
        submission: What `write_submission` made.
        output: Path of the CSV file.

    Returns:
        Number of products in it.
    """
    target = Path(output).expanduser().absolute()
    target.parent.mkdir(parents=True, exist_ok=True)
    files = {"submission.csv": target, "probabilities.parquet": target.with_suffix(".probabilities.parquet")}
    for name, path in files.items():
        with whole_file(path) as temporary:
            shutil.copyfile(submission.file(name), temporary)
    rows: int = submission.facts["products"]
    logger.info("%d predictions written to %s", rows, target)
    return rows
