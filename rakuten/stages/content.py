"""Conversion of stage arguments to JSON content for cache keys; paths are never part of a key."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from rakuten.errors import KeyInputError


@runtime_checkable
class HasKey(Protocol):
    """Protocol of values with a content key, e.g. stage outputs."""

    @property
    def key(self) -> str:
        """Content key: equal if and only if the content is equal."""


@runtime_checkable
class ChoosesCode(Protocol):
    """Protocol of recipes and packages that select the code of a stage by name.

    Attributes:
        code_modules: Modules of `rakuten` whose code is part of the key.
        libraries: Distributions whose versions are part of the key.
        environment: Properties of this machine that are part of the key, by name.
    """

    @property
    def code_modules(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def libraries(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def environment(self) -> Mapping[str, str]: ...  # noqa: D102


def content_of(value: Any, name: str = "value") -> Any:
    """Convert an argument to JSON-serialisable content.

    Args:
        value: A StageOutput (or anything with a `key`), a pydantic model, a scalar, None, or dataclasses, lists, tuples
            and string-keyed dicts of these.
        name: Name of the argument in error messages.

    Raises:
        KeyInputError: For any other type: a path is a location, not content; frames, arrays and models belong in a
            StageOutput.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise KeyInputError(f"{name} is {value}; only finite numbers can enter a key")
        return value
    # Checked before BaseModel: a pydantic model with its own key may also contain a path.
    if isinstance(value, HasKey):
        return {"key": value.key}
    if isinstance(value, BaseModel):
        return {"model": type(value).__name__, "content": value.model_dump(mode="json")}
    if is_dataclass(value) and not isinstance(value, type):
        content = {
            field.name: content_of(getattr(value, field.name), f"{name}.{field.name}") for field in fields(value)
        }
        return {"dataclass": type(value).__name__, "content": content}
    if isinstance(value, list | tuple):
        return [content_of(item, f"{name}[{position}]") for position, item in enumerate(value)]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: content_of(item, f"{name}[{key!r}]") for key, item in value.items()}
    raise KeyInputError(
        f"{name} is a {type(value).__module__}.{type(value).__qualname__}, whose content cannot enter a key; "
        "pass a StageOutput, a recipe or a scalar, or declare the argument in the stage's ignore="
    )
