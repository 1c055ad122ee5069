"""The first half of every flow: a dump's products read, validated and cleaned."""

from dataclasses import dataclass
from typing import Any

from rakuten.recipes import CleaningRecipe
from tasks import stages
from tasks.contracts import contracts
from tasks.dumps import Dump


@dataclass(frozen=True)
class Prepared:
    """Futures of what a dump became.

    Attributes:
        products, images: As read; `images` is None for a dump without any.
        validation: The contracts' verdict and the quarantine.
        accepted: Products without those quarantined.
        clean: Their texts cleaned.
    """

    products: Any
    images: Any
    validation: Any
    accepted: Any
    clean: Any


def validate(dump: Dump) -> tuple[Any, Any, Any]:
    """Read a dump and hold it against its contracts.

    Returns:
        Futures of products, images (or None) and validation.
    """
    products = stages.read_products.submit(snapshot=dump.snapshot, dump=dump.path)
    images = stages.inspect_images.submit(snapshot=dump.snapshot, dump=dump.path) if dump.has_images else None
    validation = stages.validate_dump.submit(
        products=products, images=images, contracts=contracts("raw_products", "labels", "images")
    )
    return products, images, validation


def prepare(dump: Dump, cleaning: CleaningRecipe) -> Prepared:
    """Read, validate and clean a dump."""
    products, images, validation = validate(dump)
    accepted = stages.accept_products.submit(products=products, images=images, validation=validation)
    clean = stages.clean_products.submit(accepted=accepted, recipe=cleaning)
    return Prepared(products, images, validation, accepted, clean)
