"""Great Expectations' own pages: on request, outside the outputs, without a value of the dump, without scripts."""

import socket
from pathlib import Path
from typing import Any

import hostile
import pytest
from bs4 import BeautifulSoup

from data_contracts import load_contract
from rakuten.contracts.contract import Contract
from rakuten.contracts.data_docs import require_docs_folder, secured, write_data_docs, write_index
from rakuten.dumps.layout import X_TRAIN, Y_TRAIN
from rakuten.errors import InputError

CONTRACTS = tuple(Contract.model_validate(load_contract(name)) for name in ("raw_products", "labels"))


def test_pages_show_no_value_run_nothing_and_ask_no_host(
    small_dump: Any, reading: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        asked.append(arguments)
        raise OSError("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    small_dump.tables[X_TRAIN][4][1] = "� " + hostile.TITLES["script"]
    small_dump.tables[X_TRAIN][5][2] = "x" * 50_001 + hostile.TITLES["style"]
    small_dump.tables[Y_TRAIN] = [[index, "10"] for index, _ in small_dump.tables[Y_TRAIN]]
    small_dump.tables[Y_TRAIN][0] = ["", "prdtypecode"]
    products = reading.products(small_dump.write(tmp_path / "dump"))
    index = write_data_docs(products, None, CONTRACTS, tmp_path / "docs")
    assert asked == []
    assert index.is_file()
    pages = sorted((tmp_path / "docs").rglob("*.html"))
    assert len(pages) >= 1 + 2 * len(CONTRACTS)
    for path in pages:
        text = path.read_text("utf-8")
        page = BeautifulSoup(text, "html.parser")
        assert "alert(" not in text
        assert "evil.example" not in text
        assert not page.find_all("script")
        assert page.head is not None
        policy = page.head.find("meta", {"http-equiv": "Content-Security-Policy"})
        assert policy is not None
        assert "default-src 'none'" in policy["content"]
    assert sum(path.stat().st_size for path in (tmp_path / "docs").rglob("*") if path.is_file()) < 1_000_000


def test_scripts_and_what_comes_from_other_hosts_are_taken_out() -> None:
    page = (
        '<html><head><meta charset="utf-8"><script src="https://cdn.example/x.js"></script>'
        '<link rel="stylesheet" href="https://cdn.example/x.css"><link href="static/own.css"></head>'
        '<body><script>\nlet a = "</b>";\n</script><IMG src="https://cdn.example/logo.png"><p>kept</p></body></html>'
    )
    parsed = BeautifulSoup(secured(page), "html.parser")
    assert not parsed.find_all(["script", "img"])
    assert [link["href"] for link in parsed.find_all("link")] == ["static/own.css"]
    assert parsed.p is not None
    assert parsed.head is not None
    assert next(tag for tag in parsed.head.find_all(True))["http-equiv"] == "Content-Security-Policy"


def test_the_index_lists_every_page_without_scripts(tmp_path: Path) -> None:
    for name in ("validations/labels/run/1.html", "expectations/labels.html", "index.html"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("<script>list()</script>", "utf-8")
    page = BeautifulSoup(write_index(tmp_path).read_text("utf-8"), "html.parser")
    assert [link["href"] for link in page.find_all("a")] == [
        "expectations/labels.html",
        "validations/labels/run/1.html",
    ]
    assert not page.find_all("script")


@pytest.mark.parametrize("place", ["outputs", "outputs/docs", "outputs/../outputs/x", "file", "full", "link"])
def test_a_folder_that_is_not_for_pages_is_refused(place: str, tmp_path: Path) -> None:
    (tmp_path / "outputs").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thing").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "outputs")
    with pytest.raises(InputError, match=r"received .*"):
        require_docs_folder(tmp_path / place, tmp_path / "outputs")


@pytest.mark.parametrize("place", ["absent", "absent/deep", "empty"])
def test_an_absent_or_empty_folder_is_taken(place: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    require_docs_folder(tmp_path / place, tmp_path / "outputs")
