"""Prefect's artifacts, written so that text from outside stays text: the only place that creates them.

Prefect's UI renders descriptions, Markdown artifacts and the cells of tables as Markdown, and lets HTML through.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from rakuten.pages.markdown import escape_cells, escape_markdown


def publish_table(rows: Iterable[Mapping[str, object]], *, key: str, description: str) -> None:
    """Show a table.

    Args:
        rows: One mapping a row, by column; texts are shown as they are.
        key: Of the artifact: lower case letters, digits and dashes.
        description: Plain text.
    """
    create_table_artifact(escape_cells(rows), key=key, description=escape_markdown(description))


def publish_markdown(markdown: str, *, key: str, description: str | None = None) -> None:
    """Show Markdown.

    Args:
        markdown: Text from outside in it went through `escape_markdown`, or through a template named `.md.j2`.
        key: As in `publish_table`.
        description: Plain text.
    """
    create_markdown_artifact(markdown, key=key, description=escape_markdown(description) if description else None)


def publish_link(file: Path, *, key: str, description: str) -> None:
    """Show where a file of this machine is.

    Args:
        file: Absolute path.
        key, description: As in `publish_table`.
    """
    create_link_artifact(file.as_uri(), key=key, description=escape_markdown(description))
