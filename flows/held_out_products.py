"""Predictions of a package for the test products of a dump, without those that its models were fitted on."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows.prepare import prepare
from rakuten.outputs import StageOutput
from rakuten.prediction.package import ModelPackage
from rakuten.recipes import SplitRecipe
from tasks import stages
from tasks.dumps import Dump
from tasks.predictions import classify


@dataclass(frozen=True)
class ChosenProducts:
    """The test products of a dump.

    Attributes:
        kept: `keep_test_products`.
        split: `split_products` of the dump by the package's own recipe.
    """

    kept: StageOutput
    split: StageOutput


def choose_test_products(
    package: ModelPackage,
    dump: Dump,
    *,
    fitted: Sequence[ModelPackage | StageOutput] = (),
    others: Sequence[SplitRecipe] = (),
) -> ChosenProducts:
    """Submit the choice of a dump's test products.

    Args:
        package: Whose cleaning and split are used.
        dump: A dump with labels.
        fitted: Packages, or outputs of `list_fitted_products`: products that their models were fitted on are left out.
        others: Splits of further models; only products are kept that are test products of all.
    """
    plan = package.record.plan
    clean = prepare((dump,), plan.cleaning).clean
    recipes = dict.fromkeys((plan.split, *others))
    splits = [stages.split_products.submit(clean=clean, recipe=recipe) for recipe in recipes]
    kept = stages.keep_test_products.submit(clean=clean, splits=tuple(splits), fitted=tuple(fitted))
    return ChosenProducts(kept, splits[0])


def predict_test_products(package: ModelPackage, dump: Dump, products: StageOutput) -> StageOutput:
    """Submit test products to a package, opened as for predictions; the probabilities.

    Asked are the models that were scored: where others were fitted on all labelled products, those know them.
    """
    return classify(package, dump, products, "train", variant="scored")
