"""A stage and its arguments as JSON, so that another process can run it."""

import importlib
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from rakuten.errors import KeyInputError


def encode(value: Any) -> Any:
    """JSON-able form of a stage argument that `decode` turns back.

    Raises:
        KeyInputError: If the value is none that stages take.
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
    """The value that `encode` was given."""
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
