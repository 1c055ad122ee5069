"""Base of all recipes and plans, and their validation errors as one line."""

from collections.abc import Iterator
from typing import Annotated, Any, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rakuten.paths import did_you_mean

# Names become folders of runs and packages.
Name = Annotated[str, Field(pattern=r"^\w[\w .+@-]*$", max_length=100)]


class Strict(BaseModel):
    """Frozen; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def first_fault(error: ValidationError, kind: type[BaseModel]) -> str:
    """The fault to mend first, as `split.test: Input should be less than 0.5, got 0.9`.

    Args:
        error: What validating a file against `kind` raised.
        kind: Its keys are offered in place of one that it lacks.
    """
    faults = error.errors(include_url=False)
    # A misspelt key is also one that is missing: say the first.
    fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    # Pydantic names the family first where it chose a recipe's class by it.
    place = fault["loc"][1:] if fault["loc"][:1] == tag_of(kind) else fault["loc"]
    where = ".".join(map(str, place)) or "the file"
    if fault["type"] == "extra_forbidden":
        return f"unknown key {where!r}{known_keys(str(place[-1]), _innermost(kind, place[:-1]))}"
    if fault["type"] == "missing":
        return f"{where} is missing"
    value = fault["input"]
    received = f", got {value!r}" if isinstance(value, str | int | float) and fault["loc"] else ""
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}{received}"


def tag_of(kind: type[BaseModel]) -> tuple[str, ...]:
    """The family of a recipe's class; none for anything else."""
    family = kind.model_fields.get("family")
    return get_args(family.annotation) if family is not None else ()


def known_keys(key: str, kind: type[BaseModel]) -> str:
    """`; did you mean 'recipes'?`, or all keys where none is close."""
    return did_you_mean(key, kind.model_fields) or f"; known are {', '.join(kind.model_fields)}"


def _innermost(kind: type[BaseModel], place: tuple[int | str, ...]) -> type[BaseModel]:
    """The model of a nested table."""
    for part in place:
        if part in kind.model_fields:
            kind = next(models_of(kind.model_fields[str(part)].annotation), kind)
    return kind


def models_of(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation holds, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_of(argument)
