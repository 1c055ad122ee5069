"""Contracts against small tables; Great Expectations is imported once for all of them."""

from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from rakuten.contracts.contract import Contract, ContractResult
from rakuten.contracts.expectations import check_frame
from rakuten.errors import ContractError


def expectation(type: str, severity: str = "critical", **kwargs: Any) -> dict[str, Any]:
    return {
        "type": f"expect_{type}",
        "kwargs": kwargs,
        "severity": severity,
        "meta": {"reason": type.removeprefix("column_values_to_"), "means": "it is so"},
    }


def contract(*expectations: dict[str, Any], share: float = 0.0, at_least: int = 0) -> Contract:
    meta = {"about": "a table", "max_quarantined_share": share, "min_quarantined": at_least}
    return Contract.model_validate({"name": "small", "meta": meta, "expectations": expectations})


NOT_BLANK = expectation("column_values_to_match_regex", column="title", regex=r"\S")


def positions(result: ContractResult) -> list[list[int] | None]:
    return [
        None if outcome.failing is None else [row.position for row in outcome.failing] for outcome in result.outcomes
    ]


def test_every_failing_row_is_found_not_the_first_twenty() -> None:
    frame = pd.DataFrame({"title": [" " if row % 2 else "x" for row in range(1000)]})
    result = check_frame(frame, contract(NOT_BLANK))
    assert positions(result) == [list(range(1, 1000, 2))]
    assert result.quarantined == set(range(1, 1000, 2))
    assert result.row_failures == ["small: match_regex: expected that it is so; 500 of 1,000 rows are not so"]


def test_positions_count_rows_whatever_the_index_of_the_frame() -> None:
    frame = pd.DataFrame({"title": ["x", " ", "y"]}, index=[7, 7, 9])
    assert positions(check_frame(frame, contract(NOT_BLANK))) == [[1]]


def test_outcomes_stand_in_the_order_of_the_contract() -> None:
    frame = pd.DataFrame({"title": ["x", ""], "n": [1, 1]})
    result = check_frame(
        frame,
        contract(
            expectation("column_values_to_be_in_set", column="absent", value_set=[1]),
            NOT_BLANK,
            expectation("table_row_count_to_be_between", min_value=10),
            expectation("column_values_to_be_unique", column="n"),
            expectation("compound_columns_to_be_unique", column_list=["title", "n"]),
        ),
    )
    assert positions(result) == [None, [1], None, [0, 1], []]
    assert [outcome.ok for outcome in result.outcomes] == [False, False, False, False, True]
    assert result.outcomes[1].failing[0].value == '""'  # type: ignore[index]


def test_an_absent_column_fails_the_table_and_is_named() -> None:
    absent = expectation("column_values_to_be_in_set", column="colour", value_set=[1])
    (failure,) = check_frame(pd.DataFrame({"title": ["x"]}), contract(absent)).failures
    assert "could not be checked" in failure
    assert '"colour"' in failure


def test_rows_that_a_share_spares_are_listed_but_not_quarantined() -> None:
    frame = pd.DataFrame({"title": ["x", " ", "y", "z"]})
    result = check_frame(frame, contract(NOT_BLANK | {"kwargs": NOT_BLANK["kwargs"] | {"mostly": 0.7}}))
    assert (positions(result), result.quarantined, result.failures) == ([[1]], set(), [])
    strict = check_frame(frame, contract(NOT_BLANK | {"kwargs": NOT_BLANK["kwargs"] | {"mostly": 0.9}}))
    assert len(strict.failures) == 1


def test_a_soft_expectation_only_warns() -> None:
    result = check_frame(pd.DataFrame({"title": [" "]}), contract(NOT_BLANK | {"severity": "warning"}))
    assert (result.quarantined, result.failures) == (set(), [])
    assert result.warnings == ["small: match_regex: expected that it is so; 1 of 1 rows are not so"]


def test_absent_values_of_a_set_are_named() -> None:
    every = expectation("column_distinct_values_to_contain_set", column="n", value_set=[1, 2, 3])
    (failure,) = check_frame(pd.DataFrame({"n": [1, 1]}), contract(every)).failures
    assert failure.endswith("absent: 2, 3")


def test_a_misspelt_expectation_is_an_error_and_not_dropped() -> None:
    misspelt = expectation("column_values_to_match_regexp", column="title", regex="x")
    with pytest.raises(ContractError, match="does not take expect_column_values_to_match_regexp"):
        check_frame(pd.DataFrame({"title": ["x"]}), contract(NOT_BLANK, misspelt))


@pytest.mark.parametrize(
    "change",
    [{"severity": "fatal"}, {"type": "column_values_to_be_null"}, {"meta": {"reason": "x"}}, {"kwarg": {}}],
)
def test_a_malformed_contract_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        contract(NOT_BLANK | change)


@pytest.mark.parametrize(
    ("rows", "limit"), [(0, 0), (1, 0), (3, 0), (10, 2), (24, 4), (25, 5), (100, 5), (1000, 20), (84_916, 1698)]
)
def test_limit_is_a_share_or_a_few_of_a_small_table(rows: int, limit: int) -> None:
    assert contract(NOT_BLANK, share=0.02, at_least=5).quarantine_limit(rows) == limit


def test_no_limit_allows_for_the_loss_of_a_whole_table() -> None:
    assert contract(NOT_BLANK, share=1.0, at_least=5).quarantine_limit(7) == 6
