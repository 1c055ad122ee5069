"""Code digest for cache invalidation: hash of all modules that a stage imports, directly or indirectly.

The digest covers the syntax trees, without comments and docstrings, of all modules of the package in the transitive
closure of import statements, including those inside functions. Dynamic imports are not detected: a stage that selects a
module by name declares it (see `code_modules` in `rakuten.stages.declaration`).
"""

import ast
import functools
import hashlib
import importlib.util
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

# Infrastructure does not affect the content of outputs; recipes are part of a key by their content.
MACHINERY = ("rakuten.errors", "rakuten.settings", "rakuten.stages", "rakuten.outputs", "rakuten.recipes")

# CPython 3.11 counts the depth of syntax trees globally, so concurrent parsing raises SystemError.
_parsing = threading.Lock()


def code_digest(modules: Iterable[str]) -> str:
    """SHA-256 of all library code that the modules import, independent of their order.

    Args:
        modules: Dotted module names.

    Returns:
        64 hexadecimal digits.
    """
    reached: dict[str, str] = {}
    for module in modules:
        reached.update(_closure(module))
    return hashlib.sha256(repr(sorted(reached.items())).encode()).hexdigest()


@functools.cache
def _closure(module: str) -> tuple[tuple[str, str], ...]:
    """Transitive imports of a module, itself included, as (module, digest); without infrastructure modules."""
    seen: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        read = None if name in seen or _is_machinery(name) else _read(name)
        if read is not None:
            seen[name], imported = read
            waiting.extend(imported)
    return tuple(sorted(seen.items()))


def _is_machinery(module: str) -> bool:
    return any(module == name or module.startswith(name + ".") for name in MACHINERY)


@functools.cache
def _read(module: str) -> tuple[str, tuple[str, ...]] | None:
    """Digest of a module and its imports within the package; None if the name is not a module."""
    source = _source_of(module)
    if source is None:
        return None
    with _parsing:
        tree = ast.parse(source.read_text("utf-8"))
    package = module.partition(".")[0]
    imported = _imports(tree, module, is_package=source.name == "__init__.py")
    own = tuple(sorted({name for name in imported if name.partition(".")[0] == package}))
    return hashlib.sha256(ast.dump(_without_docstrings(tree)).encode()).hexdigest(), own


def _source_of(module: str) -> Path | None:
    """Source file of a module; None if the name is not a module (e.g. an imported function).

    Searched in the package folder, because the import system would import all parent packages.
    """
    package, _, rest = module.partition(".")
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    if not rest:
        return Path(spec.origin)
    path = Path(spec.origin).parent.joinpath(*rest.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.Pass()]
    return tree


def _imports(tree: ast.Module, module: str, *, is_package: bool) -> Iterator[str]:
    package = module if is_package else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package
            for _ in range(node.level - 1):
                base = base.rpartition(".")[0]
            source = ".".join(part for part in (base if node.level else "", node.module or "") if part)
            yield source
            yield from (f"{source}.{alias.name}" for alias in node.names)
