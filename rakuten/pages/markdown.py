"""Text from outside within Markdown: shown as it is, never read as markup.

Prefect's UI renders Markdown artifacts, the cells of table artifacts included, and lets HTML through.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from rakuten.printable import printable

_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Emphasis, code, links and images, cells of a table, strikethrough, addresses.
_PUNCTUATION = re.compile(r"([\\`*_\[\]|~@])")
# Headings, lists, and what renderers turn into a link by themselves.
_POSITIONS = ((re.compile(r"^([#+-])(?=[\s#-]|$)"), r"\\\1"), (re.compile(r"^(\d+)([.)])(?=\s|$)"), r"\1\\\2"))
_ADDRESSES = ((re.compile(r"://"), r"\\://"), (re.compile(r"(?i)\b(www)\."), r"\1\\."))
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def escape_markdown(text: Any) -> str:
    """Text on one line that any Markdown renderer shows as it is; control characters are written as escapes."""
    shown = printable(" ".join(str(text).split()))
    shown = _PUNCTUATION.sub(r"\\\1", shown)
    for pattern, escaped in (*_POSITIONS, *_ADDRESSES):
        shown = pattern.sub(escaped, shown)
    return "".join(_HTML.get(character, character) for character in shown)


def unescape_markdown(text: str) -> str:
    """Markdown as a terminal shows it: the escapes of `escape_markdown` taken back."""
    plain = _ESCAPED.sub(r"\1", text)
    for character, entity in reversed(_HTML.items()):
        plain = plain.replace(entity, character)
    return plain


def escape_cells(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows of a table whose cells are rendered as Markdown: texts are escaped, all else stays as it is."""
    return [
        {name: escape_markdown(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in rows
    ]
