"""Asking a package about the labelled products of a dump that its models never saw."""

from typing import Any

from flows.prepare import prepare
from rakuten.prediction.package import ModelPackage
from rakuten.recipes import SplitRecipe
from tasks import stages
from tasks.dumps import Dump
from tasks.predictions import classify


def ask_about_unseen(package: ModelPackage, dump: Dump, *others: SplitRecipe) -> tuple[Any, Any]:
    """Submit the products of the test side to a package, opened as for predictions.

    Asked are the models that were scored: where others were fitted to all labelled products, those know them.

    Args:
        package: Whose models are asked.
        dump: A dump with labels.
        *others: Splits of further models that are asked the same; only products that none of them saw are submitted.

    Returns:
        Futures of the answers, and of the dump's split by the package's own recipe.
    """
    plan = package.record.plan
    clean = prepare(dump, plan.cleaning).clean
    recipes = dict.fromkeys((plan.split, *others))
    splits = [stages.split_products.submit(clean=clean, recipe=recipe) for recipe in recipes]
    unseen = stages.keep_test_side.submit(clean=clean, splits=tuple(splits))
    return classify(package, dump, unseen, "train", fit="scored"), splits[0]
