"""The first phase of every flow: products of one or several dumps read, validated and cleaned."""

from collections.abc import Sequence
from dataclasses import dataclass

from rakuten.data.named_dump import ValidatedDump
from rakuten.outputs import StageOutput
from rakuten.recipes import CleaningRecipe
from rakuten.runs.records import RunRecord
from rakuten.runs.run_outputs import RunOutputs
from tasks import stages
from tasks.contracts import DUMP_CONTRACTS, contracts
from tasks.dumps import Dump, recorded_dumps
from tasks.models import joined
from tasks.runs import run_book


@dataclass(frozen=True)
class CheckedDump:
    """A dump held against its contracts.

    Attributes:
        dump: The dump.
        products: As read.
        images: `inspect_images`; None: it has no images.
        validation: The contracts' verdict and the quarantine.
    """

    dump: Dump
    products: StageOutput
    images: StageOutput | None
    validation: StageOutput

    def with_page(self) -> ValidatedDump:
        """Submit the page of the validation."""
        page = stages.render_validation.submit(
            snapshot=self.dump.snapshot,
            validation=self.validation,
            contracts=contracts(*DUMP_CONTRACTS),
            dump_name=self.dump.name,
        )
        return ValidatedDump(self.dump.name, self.dump.snapshot, self.validation, page)


@dataclass(frozen=True)
class Prepared:
    """One or several dumps, ready to be learnt from.

    Attributes:
        dumps: The dumps.
        validated: Their validations and what people read of each.
        images: What is known of their images; None where there is none.
        clean: Products without those quarantined, their texts cleaned.
    """

    dumps: tuple[Dump, ...]
    validated: tuple[ValidatedDump, ...]
    images: StageOutput | None
    clean: StageOutput

    @property
    def outputs(self) -> RunOutputs:
        """Outputs that a run records."""
        return RunOutputs(
            snapshot=self.dumps[0].snapshot,
            validations=tuple(dump.validation for dump in self.validated),
            validation_pages=tuple(dump.page for dump in self.validated),
            clean=self.clean,
        )


def recorded_preparation(record: RunRecord) -> Prepared:
    """The dumps of an earlier run as that run prepared them, whatever became of their folders.

    Raises:
        RunNotFoundError: If the run's cleaned products are gone.
        OutputError: If what they were made from is gone.
    """
    book = run_book()
    upstream, dumps = book.store.upstream, recorded_dumps(record)
    checked = [
        CheckedDump(
            dump=dump,
            products=upstream(validation, "products"),
            images=upstream(validation, "images") if dump.has_images else None,
            validation=validation,
        )
        for dump, validation in zip(dumps, book.outputs(record).validations, strict=True)
    ]
    return _prepared(checked, book.output(record, "clean"))


def validate(dump: Dump) -> CheckedDump:
    """Read a dump and hold it against its contracts."""
    products = stages.read_products.submit(snapshot=dump.snapshot, dump=dump.path)
    images = stages.inspect_images.submit(snapshot=dump.snapshot, dump=dump.path) if dump.has_images else None
    validation = stages.validate_dump.submit(products=products, images=images, contracts=contracts(*DUMP_CONTRACTS))
    return CheckedDump(dump, products, images, validation)


def prepare(dumps: tuple[Dump, ...], cleaning: CleaningRecipe) -> Prepared:
    """Read and validate dumps, each for itself, and clean the products of all of them together."""
    checked = [validate(dump) for dump in dumps]
    accepted = [
        stages.accept_products.submit(products=each.products, images=each.images, validation=each.validation)
        for each in checked
    ]
    together = stages.merge_products.submit(accepted=tuple(accepted)) if len(dumps) > 1 else accepted[0]
    clean = stages.clean_products.submit(accepted=together, recipe=cleaning)
    return _prepared(checked, clean)


def _prepared(checked: Sequence[CheckedDump], clean: StageOutput) -> Prepared:
    return Prepared(
        dumps=tuple(each.dump for each in checked),
        validated=tuple(each.with_page() for each in checked),
        images=joined([each.images for each in checked if each.images is not None]),
        clean=clean,
    )
