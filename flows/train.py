"""The second phase of a retraining: products split, models trained and fitted to all labelled products."""

from dataclasses import dataclass

from flows.prepare import Prepared
from rakuten.outputs import StageOutput
from rakuten.prediction.packing import TrainedModel
from rakuten.recipes import Plan, Recipe
from tasks import stages
from tasks.contracts import contracts
from tasks.models import ModelData, refit, train
from tasks.weights import feature_weights


@dataclass(frozen=True)
class LearningData:
    """Products to learn from.

    Attributes:
        clean_contract: The contract of the cleaned products, held.
        split: Sides of the labelled products.
        corpus_words: Corpus-wide stop words of the train rows.
    """

    clean_contract: StageOutput
    split: StageOutput
    corpus_words: StageOutput


@dataclass(frozen=True)
class Trained:
    """Trained models and what they learnt from.

    Attributes:
        data: The products.
        recipes: Of the models, in the same order.
        models: The models.
    """

    data: LearningData
    recipes: tuple[Recipe, ...]
    models: tuple[TrainedModel, ...]


def split_for_learning(clean: StageOutput, plan: Plan, split: StageOutput | None = None) -> LearningData:
    """Hold cleaned products against their contract and divide them.

    Args:
        clean: `clean_products`.
        plan: Says how.
        split: The division that other models were trained on; None: that of the plan.
    """
    clean_contract = contracts("clean_products")[0]
    checked = stages.check_table.submit(table=clean, file="train.parquet", contract=clean_contract)
    split = split or stages.split_products.submit(clean=clean, recipe=plan.split)
    corpus_words = stages.find_corpus_words.submit(clean=clean, split=split, recipe=plan.cleaning)
    return LearningData(checked, split, corpus_words)


def train_models(prepared: Prepared, plan: Plan, recipes: tuple[Recipe, ...]) -> Trained:
    """Submit the training of each recipe, and the fits to all labelled products where the plan asks for them."""
    learning = split_for_learning(prepared.clean, plan)
    data = ModelData(dumps=prepared.dumps, clean=prepared.clean, corpus_words=learning.corpus_words)
    scored = {recipe.name: train(recipe, data, learning.split) for recipe in recipes}
    refitted: dict[str, StageOutput] = {}
    if plan.refit:
        pooled = stages.pool_sides.submit(split=learning.split)
        refitted = {recipe.name: refit(recipe, data, pooled, scored[recipe.name]) for recipe in recipes}
    models = [
        TrainedModel(recipe.name, scored[recipe.name], refitted.get(recipe.name), feature_weights(recipe))
        for recipe in recipes
    ]
    return Trained(learning, recipes, tuple(models))
