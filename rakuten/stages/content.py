"""What of an argument enters a stage's key: its content, never where it is stored."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel

from rakuten.errors import KeyInputError


@runtime_checkable
class HasKey(Protocol):
    """A value that stands for content stored elsewhere and knows that content's key."""

    @property
    def key(self) -> str:
        """Equal for equal content, different otherwise."""


@runtime_checkable
class ChoosesCode(Protocol):
    """A recipe or package that chooses by name what a stage runs.

    Attributes:
        code_modules: Modules of `rakuten` whose code enters the key.
        libraries: Distributions whose versions enter the key.
        environment: Facts of this machine that enter the key, by name.
    """

    @property
    def code_modules(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def libraries(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def environment(self) -> Mapping[str, str]: ...  # noqa: D102


def content_of(value: Any, name: str = "value") -> Any:
    """The JSON-able content of an argument.

    Args:
        value: A StageOutput (or anything with a `key`), a pydantic model, a scalar, None, or dataclasses, lists, tuples
            and string-keyed dicts of these.
        name: What to call the argument in an error.

    Returns:
        Nested dicts, lists and scalars that JSON can hold.

    Raises:
        KeyInputError: For anything else: a path says where, not what; frames, arrays and models belong in a
            StageOutput.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise KeyInputError(f"{name} is {value}; only finite numbers can enter a key")
        return value
    # Asked before BaseModel: a model with a key of its own may also say where it is stored.
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
