"""The explore flow: what a dump holds, and how it differs from an earlier one."""

from dataclasses import dataclass
from typing import Any

from flows.declaring import project_flow
from flows.prepare import validate, validation_page
from rakuten.recipes import CleaningRecipe
from tasks import stages
from tasks.artifacts import publish_exploration
from tasks.dumps import Dump, open_dump
from tasks.futures import output_of, outputs_of
from tasks.runs import recorded_run

# The squares that the small CNN is trained on: whoever trains on a dump has them already.
SQUARE_SIZE = 64


@dataclass(frozen=True)
class Explored:
    """Futures of what is known of a dump's products.

    Attributes:
        texts, profile: Of the texts alone, and of texts and images.
        products: As read.
        images, squares: None for a dump without images.
        validation: The contracts' verdict.
    """

    texts: Any
    profile: Any
    products: Any
    images: Any
    squares: Any
    validation: Any


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
        run.outputs |= outputs_of({"snapshot": opened.snapshot, "exploration": page})
        return publish_exploration(output_of(page))


def compose(dump: Dump, earlier: Dump | None) -> Any:
    """Submit everything an exploration does; the future of its page."""
    known = profile(dump)
    before = profile(earlier) if earlier else None
    described = stages.describe_products.submit(profile=known.profile, products=known.products)
    repeats = stages.find_repeats.submit(profile=known.profile)
    words = stages.describe_words.submit(profile=known.profile)
    images = samples = parts = comparison = None
    if dump.has_images:
        images = stages.describe_images.submit(profile=known.profile, squares=known.squares)
        samples = stages.draw_samples.submit(
            profile=known.profile, repeats=repeats, snapshot=dump.snapshot, dump=dump.path
        )
    if dump.has_train and dump.has_test:
        parts = stages.compare_parts.submit(profile=known.profile)
    if before:
        comparison = stages.compare_profiles.submit(before=before.profile, after=known.profile)
    return stages.render_exploration.submit(
        snapshot=dump.snapshot,
        validation=known.validation,
        validation_page=validation_page(dump, known.validation),
        texts=known.texts,
        described=described,
        repeats=repeats,
        words=words,
        images=images,
        samples=samples,
        parts=parts,
        comparison=comparison,
        dump_name=dump.path.name,
        against_name=earlier.path.name if earlier else "",
    )


def profile(dump: Dump) -> Explored:
    """Read a dump and bring together what is known of each product; rows that the contracts refuse are there too."""
    products, images, validation = validate(dump)
    texts = stages.profile_texts.submit(products=products, cleaning=CleaningRecipe())
    squares = measures = None
    if dump.has_images:
        squares = stages.resize_images.submit(snapshot=dump.snapshot, dump=dump.path, size=SQUARE_SIZE)
        measures = stages.measure_images.submit(squares=squares, images=images, size=SQUARE_SIZE)
    known = stages.profile_products.submit(products=products, texts=texts, images=images, measures=measures)
    return Explored(texts, known, products, images, squares, validation)
