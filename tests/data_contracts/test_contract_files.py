"""The contracts that ship: whole, and in step with the facts of the catalogue."""

import json

import pytest

from data_contracts import contract_names, load_contract
from rakuten.catalogue.classes import CODES
from rakuten.contracts.contract import Contract


def test_contracts_are_those_the_flows_name() -> None:
    assert contract_names() == ["clean_products", "images", "labels", "predictions", "raw_products"]


@pytest.mark.parametrize("name", contract_names())
def test_contract_is_sound_and_named_as_its_file(name: str) -> None:
    assert Contract.model_validate(load_contract(name)).name == name


@pytest.mark.parametrize("name", contract_names())
def test_an_empty_table_cannot_pass_by_having_no_row_to_blame(name: str) -> None:
    types = {expectation["type"] for expectation in load_contract(name)["expectations"]}
    # The others are skipped where their table is empty, which is no fault of a dump.
    assert "expect_table_row_count_to_be_between" in types or name in ("labels", "images")


@pytest.mark.parametrize("name", ["labels", "predictions"])
def test_class_codes_are_the_catalogue_s(name: str) -> None:
    value_sets = [
        expectation["kwargs"]["value_set"]
        for expectation in load_contract(name)["expectations"]
        if expectation["kwargs"].get("column") == "prdtypecode" and "value_set" in expectation["kwargs"]
    ]
    assert value_sets
    assert all(value_set == list(CODES) for value_set in value_sets)


def test_an_unknown_contract_names_those_there_are() -> None:
    with pytest.raises(FileNotFoundError, match="no contract 'raw'; expected one of clean_products, images"):
        load_contract("raw")


def test_one_limit_holds_for_all_contracts_of_a_dump() -> None:
    metas = [load_contract(name)["meta"] for name in ("raw_products", "labels", "images")]
    limits = {json.dumps({key: meta[key] for key in ("max_quarantined_share", "min_quarantined")}) for meta in metas}
    assert len(limits) == 1
