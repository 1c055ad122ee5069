"""The contracts a task needs, as content that enters its key."""

from data_contracts import load_contract
from rakuten.contracts.contract import Contract

# What a dump is held against.
DUMP_CONTRACTS = ("raw_products", "labels", "images")


def contracts(*names: str) -> tuple[Contract, ...]:
    """Contracts by name, in this order."""
    return tuple(Contract.model_validate(load_contract(name)) for name in names)
