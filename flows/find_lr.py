"""The find-lr flow: which learning rate a recipe's network wants on a dump."""

from flows.prepare import prepare
from rakuten.recipes import CleaningRecipe, RateMethod, SplitRecipe, load_network_recipe, rate_finder
from rakuten.runs.run_outputs import RunOutputs
from tasks import stages
from tasks.dumps import open_dump
from tasks.models import ModelData, search_learning_rate
from tasks.observability.artifacts import publish_rate
from tasks.orchestration.flow_parameters import RecipeName
from tasks.orchestration.project_flow import project_flow
from tasks.runs import recorded_run


@project_flow("find-lr")
def find_learning_rate(
    dump: str, recipe: RecipeName, method: RateMethod = "batch", steps: int | None = None
) -> dict[str, str]:
    """Recommend a learning rate for a recipe's network: a range test, then short fits at several rates.

    The fits are at the rate that the test found, a third and a tenth of it, and the recipe's own; train rows decide.
    Products are cleaned and split as a plan that says nothing of it has them.

    Args:
        dump: Folder of the dump.
        recipe: Name of a recipe of a Keras network, or path of a recipe file.
        method: "batch": a rate a batch, until the loss diverges. "epoch": a rate an epoch, as the report did.
        steps: How many rates are tried; None: 300 a batch each, 100 an epoch each.

    Returns:
        Keys of the outputs, by role: "found" has the choice and the curve, "picture" the curve drawn.
    """
    chosen, finder = load_network_recipe(recipe), rate_finder(method, steps)
    parameters = {"dump": dump, "recipe": recipe, "method": method, "steps": steps}
    with recorded_run("find-lr", parameters) as run:
        opened = open_dump(dump)
        clean = prepare((opened,), CleaningRecipe()).clean
        split = stages.split_products.submit(clean=clean, recipe=SplitRecipe())
        corpus_words = stages.find_corpus_words.submit(clean=clean, split=split, recipe=CleaningRecipe())
        data = ModelData(dumps=(opened,), clean=clean, corpus_words=corpus_words)
        found = search_learning_rate(chosen, finder, data, split)
        picture = stages.draw_rate_curve.submit(found=found, name=chosen.name)
        run.finish(RunOutputs(found=found, picture=picture))
        publish_rate(chosen, found, picture)
        return run.outputs
