"""What code a stage can reach, as one digest: edits to it invalidate, edits to comments do not.

The digest covers the syntax tree, free of comments and docstrings, of every module of its own package that a module
reaches through its import statements, those inside functions included. Dynamic imports are not seen: a stage that
chooses a module by name declares it (see `code_modules` in `rakuten.stages.declaration`).
"""

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path

# The machinery decides where and when a stage runs, never what it makes; recipes enter a key by their content.
MACHINERY = ("rakuten.errors", "rakuten.settings", "rakuten.stages", "rakuten.outputs", "rakuten.recipes")


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
        source = None if name in seen or _is_machinery(name) else _source_of(name)
        if source is None:
            continue
        tree = ast.parse(source.read_text("utf-8"))
        waiting.extend(
            imported
            for imported in _imports(tree, name, is_package=source.name == "__init__.py")
            if imported.partition(".")[0] == module.partition(".")[0]
        )
        seen[name] = hashlib.sha256(ast.dump(_without_docstrings(tree)).encode()).hexdigest()
    return tuple(sorted(seen.items()))


def _is_machinery(module: str) -> bool:
    return any(module == name or module.startswith(name + ".") for name in MACHINERY)


def _source_of(module: str) -> Path | None:
    """The file of a module, or None where the name is no module (an imported function, say)."""
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return None
    return Path(spec.origin) if spec is not None and spec.origin and spec.origin.endswith(".py") else None


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
