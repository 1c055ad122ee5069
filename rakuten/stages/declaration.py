"""Declaration of pipeline stages (`@stage`): name, version and cache key.

Conventions of all stages: `out` is the work folder for the stage's files; `clean` is an output of `clean_products`,
`split` of `split_products` (has `split.parquet`), `rules` are the thresholds of the promotion gate. Docstrings of
stages do not repeat them. "Facts" are the figures in the manifest, "Output" the files.
"""

import functools
import hashlib
import importlib
import importlib.metadata
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, Concatenate, Generic, ParamSpec

from rakuten.errors import KeyInputError
from rakuten.stages.code import code_digest
from rakuten.stages.content import ChoosesCode, content_of

P = ParamSpec("P")

# Figures reported by a stage, stored in the manifest.
Facts = Mapping[str, Any] | None

# 80 bits: a collision becomes likely at about 10^12 outputs of one stage (birthday bound).
KEY_DIGITS = 20


@dataclass(frozen=True)
class Pending:
    """Remaining work of a stage.

    Attributes:
        items: Number of items not computed yet.
        total: Number of items of the output.
        unit: Name of the items, plural.
        missing: The items not computed yet, so that work shared by several outputs is counted once.
    """

    items: int
    total: int
    unit: str
    missing: frozenset[str] = field(default=frozenset(), compare=False, repr=False)


@dataclass(frozen=True)
class Stage(Generic[P]):
    """Pure pipeline step: inputs in, files in a folder out. `P` are the inputs, so that calls are type-checked.

    Attributes:
        name: Unique; first part of the cache key and of the output's folder.
        version: Incremented manually to invalidate outputs.
        libraries: Distributions whose versions are part of the key.
        ignore: Arguments that are not part of the key (paths, number of workers).
        isolated: True to run in a subprocess (heavy imports, GPU memory).
        pending: Computes the remaining work from an OutputStore and the inputs; None for an indivisible stage.
        function: Body: `(out: Path, **inputs) -> dict of facts for the manifest, or None`.
    """

    name: str
    version: int
    function: Callable[Concatenate[Path, P], Facts]
    libraries: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    isolated: bool = False
    pending: Callable[..., Pending] | None = field(default=None, compare=False)

    @property
    def reference(self) -> str:
        """Import reference `module:name`, for pickling and subprocesses."""
        return f"{self.function.__module__}:{self.function.__qualname__}"

    def __reduce__(self) -> tuple[Callable[[str], "Stage[...]"], tuple[str]]:
        # Pickled by reference: the other process imports the stage from its module.
        return stage_named, (self.reference,)

    @property
    def summary(self) -> str:
        """First line of the body's docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        """Parameters of the body without the output folder."""
        signature = inspect.signature(self.function)
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def bind(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        """Bind arguments to names, with defaults.

        Raises:
            TypeError: If an argument is missing or unknown.
        """
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return dict(bound.arguments)

    def identity(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        """Content of the cache key as JSON types, also stored in the manifest.

        Raises:
            KeyInputError: If an argument cannot be part of a key, or a library is not installed.
        """
        arguments = self.bind(*args, **kwargs)
        counted = {name: value for name, value in arguments.items() if name not in self.ignore}
        chosen = list(_choosing(counted.values()))
        environment = {name: value for choice in chosen for name, value in choice.environment.items()}
        return {
            "stage": self.name,
            "version": self.version,
            "inputs": {name: content_of(value, name) for name, value in sorted(counted.items())},
            "libraries": {name: _library_version(name) for name in self.libraries_of(counted)},
            "code": code_digest(
                [self.function.__module__, *(module for choice in chosen for module in choice.code_modules)]
            ),
            # Added only if not empty, so that the keys of other stages do not change.
            **({"environment": environment} if environment else {}),
        }

    def libraries_of(self, inputs: Mapping[str, Any]) -> list[str]:
        """Distributions whose versions are part of the key: of the stage and of its inputs."""
        chosen = (name for choice in _choosing(inputs.values()) for name in choice.libraries)
        return sorted({*self.libraries, *chosen})

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """Cache key of these inputs, `<stage>-v<version>-<hash>`; name of the output's folder.

        Raises:
            KeyInputError: If an argument cannot be part of a key.
        """
        return key_of(self.identity(*args, **kwargs))


def stage_named(reference: str) -> Stage[...]:
    """Import a stage by its `module:name` reference.

    Raises:
        TypeError: If the name is not a stage.
    """
    module, _, name = reference.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not isinstance(found, Stage):
        raise TypeError(f"{reference} is no stage")
    return found


def key_of(identity: Mapping[str, Any]) -> str:
    """Cache key of an identity from `Stage.identity`."""
    text = json.dumps(identity, sort_keys=True, ensure_ascii=False, allow_nan=False)
    digest = hashlib.sha256(text.encode()).hexdigest()[:KEY_DIGITS]
    return f"{identity['stage']}-v{identity['version']}-{digest}"


_declared: dict[str, str] = {}


def stage(
    *,
    version: int,
    libraries: tuple[str, ...] = (),
    ignore: tuple[str, ...] = (),
    isolated: bool = False,
    pending: Callable[..., Pending] | None = None,
) -> Callable[[Callable[Concatenate[Path, P], Facts]], Stage[P]]:
    """Decorator that declares a function as a stage of the same name; see `Stage` for the arguments.

    Raises:
        ValueError: If the name is already used, or `ignore` has an unknown argument.
    """

    def declare(function: Callable[Concatenate[Path, P], Facts]) -> Stage[P]:
        name = function.__name__
        declared = Stage(name, version, function, libraries, ignore, isolated, pending)
        if _declared.setdefault(name, declared.reference) != declared.reference:
            raise ValueError(f"stage {name!r} is declared by both {_declared[name]} and {declared.reference}")
        if unknown := set(ignore) - set(declared.signature.parameters):
            raise ValueError(f"stage {name!r} ignores {sorted(unknown)}, which it does not take")
        return declared

    return declare


def _choosing(values: Iterable[Any]) -> Iterator[ChoosesCode]:
    """Inputs that select code by name, which the static import closure does not cover."""
    for value in values:
        if isinstance(value, list | tuple):
            yield from _choosing(value)
        elif isinstance(value, ChoosesCode):
            yield value
        elif is_dataclass(value) and not isinstance(value, type):
            yield from _choosing(getattr(value, field.name) for field in fields(value))


@functools.cache
def _library_version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError as error:
        raise KeyInputError(f"{distribution} is not installed, and the stage needs it") from error
