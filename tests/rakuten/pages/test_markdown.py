"""Text from outside stays text in Markdown, and comes back as it was for a terminal."""

import hostile
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rakuten.pages.markdown import escape_cells, escape_markdown, unescape_markdown
from rakuten.printable import printable

PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_categories=["C"]))


@pytest.mark.parametrize("title", hostile.TITLES.values(), ids=hostile.TITLES)
@pytest.mark.parametrize("place", ["{}", "# {}", "- {}", "**{}**", "| a | b |\n| --- | --- |\n| {} | c |", "x {} y"])
def test_a_hostile_title_is_text_wherever_it_stands(title: str, place: str) -> None:
    parsed = hostile.parse_markdown(place.format(escape_markdown(title)))
    shown = " ".join(parsed.get_text().split())
    assert printable(" ".join(title.split())) in shown
    assert len(parsed.find_all("td")) in (0, 2)


@pytest.mark.parametrize("text", ["# heading", "- item", "1. item", "+ item", "---", "> quote", "a\\_b", "~~gone~~"])
def test_what_begins_a_block_begins_none(text: str) -> None:
    parsed = hostile.parse_markdown(escape_markdown(text))
    assert [tag.name for tag in parsed.find_all(True)] == ["p"]
    assert parsed.get_text().strip() == text


@given(PRINTABLE)
def test_unescaping_gives_back_what_was_escaped(text: str) -> None:
    assert unescape_markdown(escape_markdown(text)) == " ".join(text.split())


@given(PRINTABLE)
def test_any_text_is_one_paragraph_and_shown_whole(text: str) -> None:
    parsed = hostile.parse_markdown("x " + escape_markdown(text))
    assert [tag.name for tag in parsed.find_all(True)] == ["p"]
    assert parsed.get_text().split() == ["x", *text.split()]


@pytest.mark.parametrize("figure", ["0.801–0.832", "+0.012", "−0.250", "84,916", "12 %", "2026-11-09"])
def test_figures_stay_readable_as_they_are(figure: str) -> None:
    assert escape_markdown(figure) == figure


def test_cells_keep_what_is_no_text() -> None:
    rows = [{"model": "<b>", "f1": 0.5, "rows": 3, "reference": None, "passed": True}]
    assert escape_cells(rows) == [{"model": "&lt;b&gt;", "f1": 0.5, "rows": 3, "reference": None, "passed": True}]
