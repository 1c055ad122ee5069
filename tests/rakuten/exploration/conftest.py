"""Explores dumps stage by stage, as the flow does but for contracts, which take longer than all the rest."""

import json
from pathlib import Path
from typing import Any

import pytest

from rakuten.data.named_dump import ValidatedDump
from rakuten.demo.dump import write_demo_dump
from rakuten.dumps.products import read_products
from rakuten.dumps.snapshot import list_dump, record_snapshot
from rakuten.exploration.comparison import compare_parts, compare_profiles
from rakuten.exploration.images import describe_images
from rakuten.exploration.page import ExploredProducts, render_exploration
from rakuten.exploration.products import describe_products
from rakuten.exploration.profile import profile_products
from rakuten.exploration.repeats import find_repeats
from rakuten.exploration.samples import draw_samples
from rakuten.exploration.texts import profile_texts
from rakuten.exploration.words import describe_words
from rakuten.images.inspection import inspect_images
from rakuten.images.measures import measure_images
from rakuten.images.resizing import resize_images
from rakuten.outputs import OutputStore, StageOutput
from rakuten.recipes import CleaningRecipe

SIZE = 64
VERDICT = {"ok": True, "summary": ["all is well"], "failures": [], "warnings": [], "counts": {"quarantined": 0}}


class Exploring:
    """Explores one dump.

    Attributes:
        outputs: Outputs by what they are, None where the dump has nothing of the kind.
    """

    def __init__(self, hand_made: Any, dump: Path) -> None:
        self.hand_made, self.dump = hand_made, dump
        self.store: OutputStore = hand_made.store
        listing = list_dump(dump)
        snapshot = self.store.run(record_snapshot, listing=listing)
        products = self.store.run(read_products, snapshot=snapshot, dump=dump)
        texts = self.store.run(profile_texts, products=products, cleaning=CleaningRecipe())
        images = squares = measures = None
        if listing.has_images:
            images = self.store.run(inspect_images, snapshot=snapshot, dump=dump)
            squares = self.store.run(resize_images, snapshot=snapshot, dump=dump, size=SIZE)
            measures = self.store.run(measure_images, squares=squares, images=images, size=SIZE)
        self.profile = self.store.run(
            profile_products, products=products, texts=texts, images=images, measures=measures
        )
        self.snapshot, self.products, self.texts, self.squares = snapshot, products, texts, squares
        self.has_both_parts = listing.has_train and listing.has_test

    @property
    def described(self) -> StageOutput:
        return self.store.run(describe_products, profile=self.profile, products=self.products)

    @property
    def repeats(self) -> StageOutput:
        return self.store.run(find_repeats, profile=self.profile)

    @property
    def words(self) -> StageOutput:
        return self.store.run(describe_words, profile=self.profile)

    @property
    def images(self) -> StageOutput | None:
        if self.squares is None:
            return None
        return self.store.run(describe_images, profile=self.profile, squares=self.squares)

    @property
    def samples(self) -> StageOutput | None:
        if self.squares is None:
            return None
        inputs = {"profile": self.profile, "repeats": self.repeats, "snapshot": self.snapshot, "dump": self.dump}
        return self.store.run(draw_samples, **inputs)

    @property
    def parts(self) -> StageOutput | None:
        return self.store.run(compare_parts, profile=self.profile) if self.has_both_parts else None

    def compared_with(self, earlier: "Exploring") -> StageOutput:
        return self.store.run(compare_profiles, before=earlier.profile, after=self.profile)

    def page(self, earlier: "Exploring | None" = None) -> StageOutput:
        key = f"validate_dump-v1-{self.snapshot.key[-8:]}"
        folder = self.store.folder / key
        verdict = {"verdict.json": json.dumps(VERDICT)}
        validation = StageOutput(key=key, folder=folder) if folder.is_dir() else self.hand_made.output(key, verdict)
        key = f"render_validation-v1-{self.snapshot.key[-8:]}"
        page = self.store.find(key) or self.hand_made.output(key, {"validation.html": ""})
        return self.store.run(
            render_exploration,
            dump=ValidatedDump(self.dump.name, self.snapshot, validation, page),
            explored=ExploredProducts(
                texts=self.texts,
                described=self.described,
                repeats=self.repeats,
                words=self.words,
                images=self.images,
                samples=self.samples,
                parts=self.parts,
                comparison=self.compared_with(earlier) if earlier else None,
            ),
            against_name=earlier.dump.name if earlier else "",
        )


@pytest.fixture(scope="session")
def explore_in(hand_made_in: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Explores dumps into one outputs folder of the session."""
    hand_made = hand_made_in(tmp_path_factory.mktemp("explored") / "outputs")
    return lambda dump: Exploring(hand_made, dump)


@pytest.fixture(scope="session")
def generated(explore_in: Any, tmp_path_factory: pytest.TempPathFactory) -> Exploring:
    """A generated dump of 540 products and 54 to predict, explored."""
    dump = tmp_path_factory.mktemp("generated") / "dump"
    write_demo_dump(dump, num_products=540, image_size=64, num_workers=1)
    explored: Exploring = explore_in(dump)
    return explored
