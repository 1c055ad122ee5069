"""The page of a validated dump: verdict, expectations by table, quarantined records; no markup from the dump."""

import json
from pathlib import Path
from typing import Any

import hostile
import pytest
from bs4 import BeautifulSoup

from data_contracts import load_contract
from rakuten.contracts.contract import Contract, ContractResult, FailingRow, Outcome
from rakuten.contracts.validation_page import RECORDS_SHOWN, render_validation
from rakuten.contracts.validation_result import QuarantinedRow, expectations_table, quarantine_table
from rakuten.outputs import StageOutput
from rakuten.pages.page import SPACES
from rakuten.printable import printable, shortened

CONTRACTS = tuple(Contract.model_validate(load_contract(name)) for name in ("raw_products", "labels", "images"))
TITLE = next(expectation for expectation in CONTRACTS[0].expectations if expectation.meta.reason == "designation_blank")


def result(contract: Contract, failing: tuple[str, ...] = (), num_rows: int = 40) -> ContractResult:
    """All expectations met, but that on blank titles by rows with these values."""

    def outcome(expectation: Any) -> Outcome:
        if expectation is not TITLE or not failing:
            return Outcome(expectation=expectation, ok=True, observed="all rows are so", failing=())
        rows = tuple(FailingRow(position=place, value=value) for place, value in enumerate(failing))
        return Outcome(expectation=expectation, ok=False, observed=f"{len(rows)} rows are not so", failing=rows)

    outcomes = tuple(map(outcome, contract.expectations))
    return ContractResult(contract=contract, num_rows=num_rows, outcomes=outcomes)


class Rendering:
    """Renders the page of a validation that found this."""

    def __init__(self, hand_made: Any) -> None:
        self.hand_made = hand_made
        self.outputs = 0

    def __call__(
        self,
        *quarantine: QuarantinedRow,
        values: tuple[str, ...] = (),
        ok: bool = True,
        name: str = "monday",
        generated: bool = False,
        checked: tuple[Contract, ...] = CONTRACTS,
    ) -> StageOutput:
        self.outputs += 1
        snapshot = self.hand_made.output(f"record_snapshot-v1-{self.outputs}", {}, images=3, generated=generated)
        counts = {"records": 40, "products": 40, "quarantined": 1, "quarantine_limit": 5}
        verdict = {"ok": ok, "summary": [f"40 products of {name}"], "failures": [], "warnings": [], "counts": counts}
        validation = self.hand_made.output(
            f"validate_dump-v2-{self.outputs}",
            {
                "verdict.json": json.dumps(verdict),
                "expectations.parquet": expectations_table(result(each, values) for each in checked).to_pandas(),
                "quarantine.parquet": quarantine_table(quarantine).to_pandas(),
                "quarantine.csv": "",
            },
        )
        output: StageOutput = self.hand_made.store.run(
            render_validation, snapshot=snapshot, validation=validation, contracts=CONTRACTS, dump_name=name
        )
        return output


@pytest.fixture
def rendered(hand_made: Any) -> Rendering:
    return Rendering(hand_made)


def read(output: StageOutput) -> BeautifulSoup:
    return hostile.parse_page(output.file("validation.html").read_text("utf-8"))


def blank(row: int = 4, detail: str = 'designation is ""', severity: Any = "critical") -> QuarantinedRow:
    return QuarantinedRow("train", "X_train_update.csv", row, 1004, "designation_blank", detail, severity)


@pytest.mark.parametrize("title", hostile.TITLES.values(), ids=hostile.TITLES)
def test_hostile_titles_and_names_are_text(title: str, rendered: Rendering) -> None:
    page = read(rendered(blank(detail=f"designation is {title}"), values=(title,), name=title))
    cells = [cell.text for cell in page.find_all("td", class_="wide")]
    assert f"designation is {shortened(title, 500)}" in cells
    assert page.h1 is not None
    assert printable(title, keep=SPACES) in page.h1.text
    assert shortened(title, 60) in [code.text for code in page.find_all("code")]


@pytest.mark.parametrize(("ok", "word"), [(True, "holds"), (False, "breaks")])
def test_the_headline_is_the_verdict(ok: bool, word: str, rendered: Rendering) -> None:
    page = read(rendered(ok=ok))
    assert page.h1 is not None
    assert page.h1.text == f"“monday” {word} its contracts"
    assert "1970" not in page.get_text()


def test_each_table_lists_its_expectations_with_result_share_and_failing_values(rendered: Rendering) -> None:
    page = read(rendered(blank(), values=('""', '" "')))
    section = page.find(id="raw_products")
    assert section is not None
    (row,) = [row for row in section.tbody.find_all("tr") if row.th.text == TITLE.meta.means]
    assert [cell.get_text("|") for cell in row.find_all("td")] == [
        "not met",
        "2 rows are not so",
        "2",
        "5.0 %",
        '""|" "',
        "designation",
    ]
    assert len(section.tbody.find_all("tr")) == len(CONTRACTS[0].expectations)


def test_a_table_that_the_dump_does_not_have_is_said_not_to_be_checked(rendered: Rendering) -> None:
    page = read(rendered(checked=CONTRACTS[:1]))
    for name in ("labels", "images"):
        section = page.find(id=name)
        assert section is not None
        assert "Not checked: the dump has none." in section.text


def test_quarantined_records_come_with_reason_and_value_apart_from_those_only_listed(rendered: Rendering) -> None:
    warning = blank(9, "image is missing", "warning")._replace(reason="image_missing")
    section = read(rendered(blank(), warning)).find(id="quarantine")
    assert section is not None
    text = section.get_text(" ", strip=True)
    assert text.index("designation_blank") < text.index("Listed, not quarantined") < text.index("image_missing")
    assert 'designation is ""' in text
    assert "1004" in text


def test_many_records_are_counted_and_some_of_them_shown(rendered: Rendering) -> None:
    section = read(rendered(*(blank(row) for row in range(1, 1001)))).find(id="quarantine")
    assert section is not None
    assert "1,000 records of X_train_update.csv; the first 20 of them" in section.text
    assert len(section.tbody.find_all("tr")) == RECORDS_SHOWN


def test_links_lead_to_the_quarantine_files(rendered: Rendering) -> None:
    output = rendered(blank())
    links = [link["href"] for link in read(output).find_all("a") if link["href"].startswith("../")]
    assert [Path(link).name for link in links] == ["quarantine.csv", "quarantine.parquet"]
    assert all((output.folder / link).resolve().is_file() for link in links)


def test_links_within_the_page_lead_somewhere(rendered: Rendering) -> None:
    page = read(rendered(blank()))
    targets = {element["id"] for element in page.find_all(id=True)}
    assert {link["href"][1:] for link in page.find_all("a") if link["href"].startswith("#")} <= targets


def test_a_generated_dump_is_called_so(rendered: Rendering) -> None:
    assert read(rendered(generated=True)).find(class_="generated") is not None
    assert read(rendered()).find(class_="generated") is None


def test_an_empty_quarantine_says_so(rendered: Rendering) -> None:
    page = read(rendered())
    assert "No record is quarantined." in page.get_text()
