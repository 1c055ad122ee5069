"""Great Expectations' Data Docs of a dump that was validated, from the outputs of the validation."""

from pathlib import Path

from rakuten.outputs import OutputStore, StageOutput


def data_docs_of(store: OutputStore, validation: StageOutput, folder: Path) -> Path:
    """Write the Data Docs of a validation's tables; see `rakuten.contracts.data_docs`.

    Args:
        store: Where the outputs are.
        validation: Output of `validate_dump`.
        folder: Where to write them.

    Returns:
        The page to open first.
    """
    from rakuten.contracts.data_docs import write_data_docs
    from tasks.contracts import DUMP_CONTRACTS, contracts

    made_from = validation.manifest.identity["inputs"]
    images = store.upstream(validation, "images") if made_from["images"] else None
    return write_data_docs(store.upstream(validation, "products"), images, contracts(*DUMP_CONTRACTS), folder)
