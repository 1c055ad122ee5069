"""JSON serialisation of stage arguments, for execution in a subprocess."""

import importlib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from rakuten.errors import KeyInputError


def encode(value: Any) -> Any:
    """Convert a stage argument to JSON types, for `decode`.

    Raises:
        KeyInputError: If the type is not allowed as a stage argument.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Path):
        return {"$path": str(value)}
    if isinstance(value, BaseModel):
        return {"$model": _name_of(type(value)), "content": value.model_dump(mode="json")}
    if is_dataclass(value) and not isinstance(value, type):
        content = {field.name: encode(getattr(value, field.name)) for field in fields(value)}
        return {"$dataclass": _name_of(type(value)), "content": content}
    if isinstance(value, list | tuple):
        return {"$sequence": type(value).__name__, "items": [encode(item) for item in value]}
    if isinstance(value, dict):
        return {"$dict": {key: encode(item) for key, item in value.items()}}
    raise KeyInputError(f"a {type(value).__qualname__} cannot be handed to a stage's process")


def decode(value: Any) -> Any:
    """Restore a stage argument from the result of `encode`."""
    if not isinstance(value, dict):
        return value
    if "$path" in value:
        return Path(value["$path"])
    if "$model" in value:
        return _named(value["$model"]).model_validate(value["content"])
    if "$dataclass" in value:
        return _named(value["$dataclass"])(**{name: decode(item) for name, item in value["content"].items()})
    if "$sequence" in value:
        items = [decode(item) for item in value["items"]]
        return tuple(items) if value["$sequence"] == "tuple" else items
    return {key: decode(item) for key, item in value["$dict"].items()}


def _name_of(model: type) -> str:
    return f"{model.__module__}:{model.__qualname__}"


def _named(reference: str) -> Any:
    module, _, name = reference.partition(":")
    return getattr(importlib.import_module(module), name)
