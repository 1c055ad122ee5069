"""The first half of every flow: products of one or several dumps read, validated and cleaned."""

from dataclasses import dataclass
from typing import Any

from rakuten.recipes import CleaningRecipe
from tasks import stages
from tasks.contracts import DUMP_CONTRACTS, contracts
from tasks.dumps import Dump
from tasks.models import joined


@dataclass(frozen=True)
class Prepared:
    """Futures of what one or several dumps became.

    Attributes:
        images: What is known of their images; None where there is none.
        validations: The contracts' verdict on each dump, and its quarantine.
        pages: What people read of each.
        clean: Products without those quarantined, their texts cleaned.
    """

    images: Any
    validations: tuple[Any, ...]
    pages: tuple[Any, ...]
    clean: Any

    @property
    def roles(self) -> dict[str, Any]:
        """Futures that a run records, by role."""
        further = {f"validation {place}": future for place, future in enumerate(self.validations[1:], start=2)}
        pages = {f"validation page {place}": future for place, future in enumerate(self.pages[1:], start=2)}
        return {
            "validation": self.validations[0],
            "validation page": self.pages[0],
            **further,
            **pages,
            "clean": self.clean,
        }


def validate(dump: Dump) -> tuple[Any, Any, Any]:
    """Read a dump and hold it against its contracts.

    Returns:
        Futures of products, images (or None) and validation.
    """
    products = stages.read_products.submit(snapshot=dump.snapshot, dump=dump.path)
    images = stages.inspect_images.submit(snapshot=dump.snapshot, dump=dump.path) if dump.has_images else None
    validation = stages.validate_dump.submit(products=products, images=images, contracts=contracts(*DUMP_CONTRACTS))
    return products, images, validation


def validation_page(dump: Dump, validation: Any) -> Any:
    """Submit the page of a validation; a future."""
    return stages.render_validation.submit(
        snapshot=dump.snapshot,
        validation=validation,
        contracts=contracts(*DUMP_CONTRACTS),
        dump_name=dump.path.name,
    )


def prepare(dump: Dump, cleaning: CleaningRecipe) -> Prepared:
    """Read, validate and clean a dump."""
    return prepare_all((dump,), cleaning)


def prepare_all(dumps: tuple[Dump, ...], cleaning: CleaningRecipe) -> Prepared:
    """Read and validate several dumps, each for itself, and clean the products of all of them together."""
    read = [validate(dump) for dump in dumps]
    pages = tuple(validation_page(dump, found[-1]) for dump, found in zip(dumps, read, strict=True))
    accepted = [
        stages.accept_products.submit(products=products, images=images, validation=validation)
        for products, images, validation in read
    ]
    together = stages.merge_products.submit(accepted=tuple(accepted)) if len(dumps) > 1 else accepted[0]
    clean = stages.clean_products.submit(accepted=together, recipe=cleaning)
    images = joined([images for _, images, _ in read if images is not None])
    return Prepared(images, tuple(validation for _, _, validation in read), pages, clean)
