"""The declaration of a stage: its name, its version, what its key is made of."""

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

# Figures that a stage reports of its work, for the manifest.
Facts = Mapping[str, Any] | None

# 80 bits: a collision within one stage needs about 10^12 outputs.
KEY_DIGITS = 20


@dataclass(frozen=True)
class Pending:
    """How much a stage would have to do.

    Attributes:
        items: Items still to be worked on.
        total: Items the output will cover.
        unit: What an item is, in the plural.
        missing: Which items these are, so that work that several outputs share is counted once.
    """

    items: int
    total: int
    unit: str
    missing: frozenset[str] = field(default=frozenset(), compare=False, repr=False)


@dataclass(frozen=True)
class Stage(Generic[P]):
    """A pure step of the library: inputs → files in a folder. `P` stands for the inputs: calls are type-checked.

    Attributes:
        name: Unique; first part of the key and of the output's folder.
        version: Raised by hand to force new outputs.
        libraries: Distributions whose versions matter to the output.
        ignore: Arguments that do not matter to the output (where things are, worker counts).
        isolated: Whether a flow runs it in a process of its own (heavy imports, GPU memory).
        pending: Counts what is left to do, given an OutputStore and the stage's inputs; None where a stage is done
            all or not at all.
        function: The body: `(out: Path, **inputs) -> dict of facts for the manifest, or None`.
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
        """`module:name`, by which another process finds this stage."""
        return f"{self.function.__module__}:{self.function.__qualname__}"

    def __reduce__(self) -> tuple[Callable[[str], "Stage[...]"], tuple[str]]:
        # Another process gets the stage that its module holds, not a copy of the body.
        return stage_named, (self.reference,)

    @property
    def summary(self) -> str:
        """First line of the body's docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        """The body's parameters without the output folder."""
        signature = inspect.signature(self.function)
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def bind(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        """All arguments by name, defaults filled in.

        Raises:
            TypeError: If an argument is missing or unknown.
        """
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return dict(bound.arguments)

    def identity(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        """Everything that decides the output, JSON-able; what the key digests and the manifest keeps.

        Raises:
            KeyInputError: If an argument's content cannot enter a key, or a library is not installed.
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
            # Only where there is one: the keys of all other stages stay as they are.
            **({"environment": environment} if environment else {}),
        }

    def libraries_of(self, inputs: Mapping[str, Any]) -> list[str]:
        """Distributions whose versions matter to the output: the stage's own, and those that inputs choose."""
        chosen = (name for choice in _choosing(inputs.values()) for name in choice.libraries)
        return sorted({*self.libraries, *chosen})

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """`<stage>-v<version>-<hash>`: the name of the output these inputs lead to.

        Raises:
            KeyInputError: If an argument's content cannot enter a key.
        """
        return key_of(self.identity(*args, **kwargs))


def stage_named(reference: str) -> Stage[...]:
    """The stage of a `module:name` reference.

    Raises:
        TypeError: If the name is not that of a stage.
    """
    module, _, name = reference.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not isinstance(found, Stage):
        raise TypeError(f"{reference} is no stage")
    return found


def key_of(identity: Mapping[str, Any]) -> str:
    """The key of an identity as `Stage.identity` makes it."""
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
    """Declare the function below as a stage of its own name; see `Stage` for the arguments.

    Raises:
        ValueError: If another function already bears the name, or `ignore` names no argument of this one.
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
    """Inputs that choose code by name, which the static closure of the stage's own module cannot see."""
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
