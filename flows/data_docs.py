"""Great Expectations' Data Docs of a dump that was validated, from the outputs of the validation."""

from pathlib import Path

from rakuten.errors import OutputError
from rakuten.outputs import OutputStore, StageOutput


def upstream(store: OutputStore, output: StageOutput, name: str) -> StageOutput | None:
    """The output that another one was made from.

    Args:
        store: Where both are.
        output: The later one.
        name: Of the argument that its stage was given; None where that was None.

    Raises:
        OutputError: If it is no longer stored.
    """
    given = output.manifest.identity["inputs"][name]
    if given is None:
        return None
    found = store.find(given["key"])
    if found is None:
        raise OutputError(f"{given['key']}, from which {output.key} was made, is gone; run the same command again")
    return found


def data_docs_of(store: OutputStore, validation: StageOutput, folder: Path) -> Path:
    """Write the Data Docs of a validation's tables; see `rakuten.data.data_docs`.

    Args:
        store: Where the outputs are.
        validation: Output of `validate_dump`.
        folder: Where to write them.

    Returns:
        The page to open first.
    """
    from rakuten.data.data_docs import write_data_docs
    from tasks.contracts import DUMP_CONTRACTS, contracts

    products = upstream(store, validation, "products")
    assert products is not None
    return write_data_docs(products, upstream(store, validation, "images"), contracts(*DUMP_CONTRACTS), folder)
