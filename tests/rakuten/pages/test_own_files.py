"""The key of a page's own files follows their content, of the page and of what all pages share."""

from pathlib import Path

import pytest

from rakuten.pages.template_files import OwnFiles


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("album/page.html.j2", "album/page.css", "pages/all.css", "other/page.css"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name, "utf-8")
    monkeypatch.setattr("rakuten.pages.template_files.LIBRARY", tmp_path)
    return tmp_path


@pytest.mark.parametrize("changed", ["album/page.html.j2", "album/page.css", "pages/all.css"])
def test_key_follows_templates_and_styles(changed: str, library: Path) -> None:
    before = OwnFiles(package="album").key
    assert OwnFiles(package="album").key == before
    (library / changed).write_text("body { color: red }", "utf-8")
    assert OwnFiles(package="album").key != before


def test_key_does_not_follow_the_files_of_other_pages(library: Path) -> None:
    before = OwnFiles(package="album").key
    (library / "other/page.css").write_text("body { color: red }", "utf-8")
    assert OwnFiles(package="album").key == before


def test_the_own_style_stands_after_the_shared_one(library: Path) -> None:
    assert OwnFiles(package="album").style() == "pages/all.css\nalbum/page.css"


def test_the_pages_that_there_are_have_files() -> None:
    for package in ("reporting", "exploration"):
        assert "--accent" in OwnFiles(package=package).style()
