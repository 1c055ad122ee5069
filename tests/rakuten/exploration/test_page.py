"""The page stands alone, says what is absent, names every picture, and shows the figures that the stages found."""

import csv
import re
import shutil
from pathlib import Path
from typing import Any

import hostile
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from rakuten.catalogue.classes import LABELS, LABELS_FR
from rakuten.demo.dump import write_demo_dump

FIVE_MB = 5_000_000


def read_page(output: Any) -> tuple[str, BeautifulSoup]:
    text = output.file("exploration.html").read_text("utf-8")
    return text, BeautifulSoup(text, "html.parser")


@pytest.fixture(scope="module")
def page(generated: Any) -> tuple[str, BeautifulSoup]:
    return read_page(generated.page(generated))


def test_the_page_is_one_file_that_loads_and_runs_nothing(page: tuple[str, BeautifulSoup]) -> None:
    text, parsed = page
    assert len(text.encode()) < FIVE_MB
    assert not parsed.find_all(["script", "link", "iframe", "object"])
    assert all(image["src"].startswith("data:image/") for image in parsed.find_all("img"))
    assert not re.findall(r"""(?:href|src)=["']?https?:""", text)
    assert not re.findall(r"url\((?!data:)", text)
    policy = parsed.find("meta", {"http-equiv": "Content-Security-Policy"})
    assert policy is not None
    assert "default-src 'none'" in policy["content"]


def test_every_picture_and_drawing_is_named_for_those_who_do_not_see_it(page: tuple[str, BeautifulSoup]) -> None:
    _, parsed = page
    assert all(image.get("alt") for image in parsed.find_all("img"))
    for drawing in parsed.find_all("svg"):
        assert drawing.get("aria-hidden") == "true" or (drawing["role"] == "img" and drawing["aria-label"])
    assert all(region.get("aria-label") for region in parsed.find_all(attrs={"role": "region"}))


def test_links_within_the_page_lead_somewhere(page: tuple[str, BeautifulSoup]) -> None:
    _, parsed = page
    targets = {element["id"] for element in parsed.find_all(id=True)}
    links = {link["href"][1:] for link in parsed.find_all("a") if link["href"].startswith("#")}
    assert links <= targets


def test_links_to_figures_lead_to_files(generated: Any, page: tuple[str, BeautifulSoup]) -> None:
    folder = generated.page(generated).folder
    _, parsed = page
    links = [link["href"] for link in parsed.find_all("a") if link["href"].endswith(".parquet")]
    assert len(links) > 20
    assert all((folder / link).resolve().is_file() for link in links)


def test_every_class_is_named_in_both_languages(page: tuple[str, BeautifulSoup]) -> None:
    _, parsed = page
    text = parsed.get_text(" ")
    for code in LABELS:
        assert LABELS[code] in text
        assert LABELS_FR[code] in text


def test_the_class_table_shows_the_figures_of_its_stage(generated: Any, page: tuple[str, BeautifulSoup]) -> None:
    _, parsed = page
    section = parsed.find(id="classes")
    assert section is not None
    shown = {row.th.span.text: row.find_all("td")[1].text for row in section.tbody.find_all("tr")}
    table = pd.read_parquet(generated.described.file("classes.parquet"))
    assert shown == {
        str(code): f"{count:,}" for code, count in zip(table["prdtypecode"], table["products"], strict=True)
    }


def test_the_summary_is_markdown_with_the_findings(generated: Any) -> None:
    output = generated.page(generated)
    summary = output.file("exploration.md").read_text("utf-8")
    findings = pd.read_parquet(output.file("findings.parquet"))
    assert len(findings) == output.facts["findings"] > 3
    assert all(text in summary for text in findings["text"].str.replace("’", "’"))


@pytest.fixture(scope="module")
def small_dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dump of both parts, with labels and images: enough for every section of the page."""
    dump = tmp_path_factory.mktemp("small") / "dump"
    write_demo_dump(dump, num_products=54, image_size=32, broken_rows=False, num_workers=1)
    return dump


def test_a_small_dump_has_every_section_that_others_lack(small_dump: Path, explore_in: Any) -> None:
    text, _ = read_page(explore_in(small_dump).page())
    assert all(section in text for section in ('id="alike"', 'class="means"', 'id="parts"'))


def without(dump: Path, target: Path, *names: str) -> Path:
    shutil.copytree(dump, target)
    for name in names:
        path = target / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return target


@pytest.mark.parametrize(
    ("absent", "said", "unsaid"),
    [
        (["y_train_CVw08PX.csv"], "have no labels", 'id="alike"'),
        (["images"], "no images that can be used", 'class="means"'),
        (["X_test_update.csv", "images/image_test"], "to learn from", 'id="parts"'),
        (["X_train_update.csv", "y_train_CVw08PX.csv", "images"], "to predict", 'id="parts"'),
    ],
    ids=["no labels", "no images", "no test part", "nothing but titles to predict"],
)
def test_the_page_says_what_a_dump_does_not_have(
    absent: list[str], said: str, unsaid: str, small_dump: Path, explore_in: Any, tmp_path: Path
) -> None:
    text, _ = read_page(explore_in(without(small_dump, tmp_path / "dump", *absent)).page())
    assert said in text
    assert unsaid not in text


@pytest.mark.parametrize("labelled", [True, False])
def test_a_dump_of_one_product_has_a_page(labelled: bool, explore_in: Any, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    dump.mkdir()
    (dump / "X_train_update.csv").write_text(
        ",designation,description,productid,imageid\n0,<b>Chaise</b>,,1,2\n", "utf-8"
    )
    if labelled:
        (dump / "y_train_CVw08PX.csv").write_text(",prdtypecode\n0,10\n", "utf-8")
    explored = explore_in(dump)
    text, parsed = read_page(explored.page(explored))
    assert "1 products" in text
    assert "<b>Chaise" not in text
    assert parsed.find(id="compared") is not None


def hostile_dump(folder: Path) -> Path:
    """A dump whose titles and name are hostile texts, all in one class."""
    dump = folder / '"><script>alert(1)<'
    dump.mkdir()
    with (dump / "X_train_update.csv").open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["", "designation", "description", "productid", "imageid"])
        for row, title in enumerate([title.replace("\0", "") for title in hostile.TITLES.values()] * 3):
            table.writerow([row, title, title, row + 1, row + 1])
    labels = [f"{row},10" for row in range(3 * len(hostile.TITLES))]
    (dump / "y_train_CVw08PX.csv").write_text("\n".join([",prdtypecode", *labels]) + "\n", "utf-8")
    return dump


def test_what_a_dump_holds_is_text_on_the_page_and_no_markup(explore_in: Any, tmp_path: Path) -> None:
    output = explore_in(hostile_dump(tmp_path)).page()
    page = hostile.parse_page(output.file("exploration.html").read_text("utf-8"))
    assert not page.find_all("img")
    summary = hostile.parse_markdown(output.file("exploration.md").read_text("utf-8"))
    assert '"><script>alert(1)<' in summary.h1.text


def test_the_page_links_to_the_validation_page(page: tuple[str, BeautifulSoup], generated: Any) -> None:
    _, parsed = page
    (link,) = [link["href"] for link in parsed.find_all("a") if link.text == "validation page"]
    assert (generated.page(generated).folder / link).resolve().is_file()


def test_a_generated_dump_is_called_so(page: tuple[str, BeautifulSoup], generated: Any) -> None:
    _, parsed = page
    assert parsed.find(class_="generated") is not None
    assert "**Generated data**" in generated.page(generated).file("exploration.md").read_text("utf-8")
