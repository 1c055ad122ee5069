"""What code a stage can reach, as one digest: edits to it invalidate, edits to comments do not.

The digest covers the syntax tree, free of comments and docstrings, of every module of its own package that a module
reaches through its import statements, those inside functions included. Dynamic imports are not seen: a stage that
chooses a module by name declares it (see `code_modules` in `rakuten.stages.declaration`).
"""

import ast
import functools
import hashlib
import importlib.util
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

# The machinery decides where and when a stage runs, never what it makes; recipes enter a key by their content.
MACHINERY = ("rakuten.errors", "rakuten.settings", "rakuten.stages", "rakuten.outputs", "rakuten.recipes")

# CPython 3.11 counts the depth of syntax trees for all threads together: two at once raise SystemError.
_parsing = threading.Lock()


def code_digest(modules: Iterable[str]) -> str:
    """Digest of all library code that `modules` reach.

    Args:
        modules: Dotted module names.

    Returns:
        64 hexadecimal digits; the order of `modules` does not matter.
    """
    reached: dict[str, str] = {}
    for module in modules:
        reached.update(_closure(module))
    return hashlib.sha256(repr(sorted(reached.items())).encode()).hexdigest()


@functools.cache
def _closure(module: str) -> tuple[tuple[str, str], ...]:
    """(module, digest of its tree) of `module` and all it imports, machinery left out."""
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
    """A module's digest and what it imports of its own package; None where the name is no module."""
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
    """The file of a module, or None where the name is no module (an imported function, say).

    Looked up in the package's folder: asking the import system would import every parent on the way.
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
