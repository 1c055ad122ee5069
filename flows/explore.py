"""The explore flow: what a dump holds, and how it differs from an earlier one."""

from dataclasses import dataclass

from flows.prepare import CheckedDump, validate
from rakuten.exploration.page import ExploredProducts
from rakuten.outputs import StageOutput
from rakuten.recipes import CleaningRecipe
from rakuten.runs.run_outputs import RunOutputs
from tasks import stages
from tasks.dumps import Dump, open_dump
from tasks.observability.artifacts import publish_exploration
from tasks.orchestration.project_flow import project_flow
from tasks.runs import recorded_run

# The squares that the small CNN is trained on: whoever trains on a dump has them already.
SQUARE_SIZE = 64


@dataclass(frozen=True)
class Profiled:
    """What is known of a dump's products.

    Attributes:
        checked: The dump, held against its contracts.
        texts, profile: Of the texts alone, and of texts and images.
        squares: None for a dump without images.
    """

    checked: CheckedDump
    texts: StageOutput
    profile: StageOutput
    squares: StageOutput | None


@project_flow("explore")
def explore(dump: str, against: str | None = None) -> str:
    """Look at a dump, alone or beside an earlier one; writes a page with charts and their figures.

    Args:
        dump: Folder of the dump.
        against: Folder of an earlier dump; empty: none.

    Returns:
        The key of the page's output.
    """
    with recorded_run("explore", {"dump": dump, "against": against}) as run:
        opened = open_dump(dump)
        earlier = open_dump(against) if against else None
        page = compose(opened, earlier)
        run.finish(RunOutputs(snapshot=opened.snapshot, exploration=page))
        return publish_exploration(page)


def compose(dump: Dump, earlier: Dump | None) -> StageOutput:
    """Submit everything an exploration does; its page."""
    known = profile(dump)
    before = profile(earlier) if earlier else None
    repeats = stages.find_repeats.submit(profile=known.profile)
    images = samples = parts = comparison = None
    if known.squares:
        images = stages.describe_images.submit(profile=known.profile, squares=known.squares)
        samples = stages.draw_samples.submit(
            profile=known.profile, repeats=repeats, snapshot=dump.snapshot, dump=dump.path
        )
    if dump.has_train and dump.has_test:
        parts = stages.compare_parts.submit(profile=known.profile)
    if before:
        comparison = stages.compare_profiles.submit(before=before.profile, after=known.profile)
    explored = ExploredProducts(
        described=stages.describe_products.submit(profile=known.profile, products=known.checked.products),
        texts=known.texts,
        repeats=repeats,
        words=stages.describe_words.submit(profile=known.profile),
        images=images,
        samples=samples,
        parts=parts,
        comparison=comparison,
    )
    against = earlier.name if earlier else ""
    return stages.render_exploration.submit(known.checked.with_page(), explored, against_name=against)


def profile(dump: Dump) -> Profiled:
    """Read a dump and bring together what is known of each product; rows that the contracts refuse are there too."""
    checked = validate(dump)
    products, images = checked.products, checked.images
    texts = stages.profile_texts.submit(products=products, cleaning=CleaningRecipe())
    squares = measures = None
    if images:
        squares = stages.resize_images.submit(snapshot=dump.snapshot, dump=dump.path, size=SQUARE_SIZE)
        measures = stages.measure_images.submit(squares=squares, images=images, size=SQUARE_SIZE)
    known = stages.profile_products.submit(products=products, texts=texts, images=images, measures=measures)
    return Profiled(checked, texts, known, squares)
