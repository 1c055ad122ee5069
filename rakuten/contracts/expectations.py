"""Running contracts through Great Expectations: nothing is kept but results, nothing leaves the machine.

Measured with 1.24: importing it takes ten seconds and more; a suite on 85,000 rows about three seconds.
"""

import datetime
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from rakuten.contracts.contract import Contract, ContractResult, Expectation, FailingRow, Outcome
from rakuten.errors import ContractError

if TYPE_CHECKING:
    import great_expectations as gx

logger = logging.getLogger(__name__)

SITE = "contracts"
RUN_NAME = "contracts"
PLACE = "place"

# All rows that break an expectation, not the first twenty.
RESULT_FORMAT = {"result_format": "COMPLETE", "partial_unexpected_count": 5, "return_unexpected_index_query": False}
# In pages that Great Expectations writes: figures alone. It does not escape what a table holds.
PAGE_RESULT_FORMAT = {"result_format": "SUMMARY", "partial_unexpected_count": 0}
VALUE_LENGTH = 60


def check_frame(frame: pd.DataFrame, contract: Contract) -> ContractResult:
    """How one table fares against one contract; see `check_frames`."""
    return check_frames([(frame, contract)])[0]


def check_frames(pairs: list[tuple[pd.DataFrame, Contract]], docs: Path | None = None) -> list[ContractResult]:
    """How tables fare against contracts.

    Args:
        pairs: Tables and the contract each is held against; positions in results count rows from 0, whatever the index.
        docs: Folder to write Great Expectations' own pages to, which show figures and none of the values; results then
            name no failing rows. None writes none.

    Returns:
        A result a pair, in order.

    Raises:
        ContractError: If a contract names an expectation that Great Expectations does not know.
    """
    context = _context(docs)
    return [_check(context, frame.reset_index(drop=True), contract, docs) for frame, contract in pairs]


def _context(docs: Path | None) -> "gx.data_context.EphemeralDataContext":
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    for site in list(context.variables.data_docs_sites or {}):
        context.delete_data_docs_site(site)
    if docs is not None:
        context.add_data_docs_site(site_name=SITE, site_config=_site_config(docs))
    return context


def _site_config(folder: Path) -> Any:
    """Great Expectations' description (a dict) of a site in `folder`."""
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    }


def _check(
    context: "gx.data_context.EphemeralDataContext", frame: pd.DataFrame, contract: Contract, docs: Path | None
) -> ContractResult:
    import great_expectations as gx

    source = context.data_sources.add_pandas(contract.name)
    batch = source.add_dataframe_asset(contract.name).add_batch_definition_whole_dataframe("all")
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(name=contract.name, data=batch, suite=context.suites.add(_suite(contract)))
    )
    actions: list[Any] = (
        [gx.checkpoint.UpdateDataDocsAction(name="docs", site_names=[SITE])] if docs is not None else []
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(
            name=contract.name,
            validation_definitions=[definition],
            result_format=RESULT_FORMAT if docs is None else PAGE_RESULT_FORMAT,
            actions=actions,
        )
    )
    run = gx.RunIdentifier(run_name=RUN_NAME, run_time=datetime.datetime.now(datetime.UTC))
    ran = checkpoint.run(batch_parameters={"dataframe": frame}, run_id=run)
    (result,) = ran.run_results.values()
    # Great Expectations answers in an order of its own.
    answers = {answer["expectation_config"]["meta"][PLACE]: answer for answer in result.to_json_dict()["results"]}
    pairs = [(expectation, answers[place]) for place, expectation in enumerate(contract.expectations)]
    outcomes = tuple(_outcome(expectation, answer, frame) for expectation, answer in pairs)
    return ContractResult(contract=contract, num_rows=len(frame), outcomes=outcomes)


def _suite(contract: Contract) -> "gx.ExpectationSuite":
    import great_expectations as gx

    expectations = []
    for place, expectation in enumerate(contract.expectations):
        content = expectation.model_dump(mode="json")
        content["meta"][PLACE] = place
        expectations.append(content)
    suite = gx.ExpectationSuite(name=contract.name, expectations=expectations, meta=contract.meta.model_dump())
    # An expectation of unknown type is dropped with no more than a log line.
    known = {(expectation.meta or {}).get(PLACE) for expectation in suite.expectations}
    if dropped := [content["type"] for content in expectations if content["meta"][PLACE] not in known]:
        raise ContractError(
            f"contract {contract.name}: Great Expectations {gx.__version__} does not take {', '.join(dropped)}; "
            "expected names and arguments of its core expectations"
        )
    return suite


def _outcome(expectation: Expectation, answer: Mapping[str, Any], frame: pd.DataFrame) -> Outcome:
    found = answer["result"]
    if fault := _fault_of(answer):
        return Outcome(expectation=expectation, ok=False, observed=fault, failing=None)
    failing = None
    if "unexpected_index_list" in found:
        # Its list of values ends after 200; that of positions is whole.
        failing = tuple(_failing_row(frame, position, expectation) for position in found["unexpected_index_list"])
    ok = bool(answer["success"])
    return Outcome(expectation=expectation, ok=ok, observed=_observed(found, failing, ok), failing=failing)


def _fault_of(answer: Mapping[str, Any]) -> str | None:
    """Why an expectation could not be checked at all (a column is absent), or None."""
    information = answer["exception_info"]
    details = [information] if "raised_exception" in information else list(information.values())
    messages = [str(detail["exception_message"]) for detail in details if detail["raised_exception"]]
    return f"it could not be checked: {messages[0]}" if messages else None


def _failing_row(frame: pd.DataFrame, position: int, expectation: Expectation) -> FailingRow:
    values = [frame[column].iat[position] for column in expectation.columns]
    return FailingRow(position=position, value=", ".join(_shortened(value) for value in values))


def _observed(found: Mapping[str, Any], failing: tuple[FailingRow, ...] | None, ok: bool) -> str:
    if failing is not None:
        return f"{len(failing):,} of {found['element_count']:,} rows are not so" if failing else "all rows are so"
    value = found.get("observed_value")
    if isinstance(value, int | float):
        return f"observed {_shortened(value)}"
    if ok:
        return "as expected"
    mismatched = (found.get("details") or {}).get("mismatched") or {}
    absent = mismatched.get("missing") or found.get("partial_missing_list")
    return f"absent: {', '.join(map(str, absent))}" if absent else f"observed {_shortened(value)}"


def _shortened(value: Any) -> str:
    if isinstance(value, str | list):
        text = json.dumps(value, ensure_ascii=False)
        return text if len(text) <= VALUE_LENGTH else f"{text[: VALUE_LENGTH - 1]}…"
    if pd.isna(value):
        return "missing"
    return f"{value:.10g}" if isinstance(value, float) else str(value)
