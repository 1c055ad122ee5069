"""A recipe back as the TOML text it can be read from."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from rakuten.recipes import Plan, Recipe


def recipe_toml(recipe: Recipe) -> str:
    """Every field of a recipe, defaults written out; fields that are None as comments, TOML having no null."""
    return _toml(recipe.model_dump(mode="json"))


def plan_toml(plan: Plan) -> str:
    """Every field of a plan, its recipes by name."""
    content = plan.model_dump(mode="json", exclude={"recipes"})
    return _toml({"name": content.pop("name"), "recipes": [recipe.name for recipe in plan.recipes], **content})


def _toml(content: Mapping[str, Any]) -> str:
    return "\n".join(_lines(content, ())) + "\n"


def _lines(content: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """A table's own lines, then its tables under headings of their own."""
    tables = {name: value for name, value in content.items() if isinstance(value, Mapping)}
    yield from (_line(name, value) for name, value in content.items() if name not in tables)
    for name, table in tables.items():
        inner = (*path, name)
        yield from ("", f"[{'.'.join(inner)}]")
        yield from _lines(table, inner)


def _line(name: str, value: str | float | bool | list[Any] | None) -> str:
    if value is None:
        return f"# {name}: none"
    # JSON's strings, numbers, booleans and lists of these are TOML's, but for DEL, which TOML wants escaped.
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return f"{name} = {text}"
