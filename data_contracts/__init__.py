"""What is expected of the data, as Great Expectations suites in JSON; this module only finds them.

Every expectation has a severity ("critical": a row that breaks it is quarantined, a table that breaks it refused;
"warning": listed) and, in its meta, a short constant `reason` and what it `means` in words. The meta of a suite says
what its table is `about` and how many rows may be quarantined before the whole table is refused:
`max_quarantined_share` of them, or `min_quarantined` where that is more and no more than a fifth of the table. A dump's
parts are counted each by itself.
"""

import json
from importlib import resources
from typing import Any


def contract_names() -> list[str]:
    """Names of all contracts, sorted."""
    files = resources.files(__name__).iterdir()
    return sorted(file.name.removesuffix(".json") for file in files if file.name.endswith(".json"))


def load_contract(name: str) -> dict[str, Any]:
    """The suite of one contract.

    Args:
        name: As the file, without ".json".

    Raises:
        FileNotFoundError: If there is none of this name.
    """
    if name not in contract_names():
        raise FileNotFoundError(f"there is no contract {name!r}; expected one of {', '.join(contract_names())}")
    content: dict[str, Any] = json.loads((resources.files(__name__) / f"{name}.json").read_text("utf-8"))
    return content
