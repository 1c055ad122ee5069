"""Fitted classifiers as files of equal bytes for equal classifiers, and back, without running code from a file.

scikit-learn's are stored with skops, which names every type it would build, so that all but the few below are refused;
XGBoost's in its own UBJSON. Pickle is not involved. That a file is the one that was written is seen earlier: an
`OutputStore` compares sizes and digests with the output's manifest before it hands an output on.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from rakuten.errors import OutputError
from rakuten.training.classifiers.estimators import Members

SKLEARN = "estimator.skops"
XGBOOST = "estimator.ubj"

# Types that fitted estimators hold beside those of scikit-learn and numpy that skops trusts by itself. Both are built
# from plain arrays.
TRUSTED = frozenset({"scipy.sparse._csr.csr_matrix", "sklearn.tree._tree.Tree"})

SCHEMA = "schema.json"
# The earliest date that a zip can hold.
NO_DATE = (1980, 1, 1, 0, 0, 0)


def write_estimators(folder: Path, members: Members) -> None:
    """Store a fitted classifier.

    Output:
        estimator.skops, or estimator.ubj for XGBoost.
    """
    import skops.io
    import xgboost

    if isinstance(members[0], xgboost.XGBModel):
        members[0].save_model(folder / XGBOOST)
        return
    with (
        zipfile.ZipFile(io.BytesIO(skops.io.dumps(list(members)))) as source,
        zipfile.ZipFile(folder / SKLEARN, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        schema = json.loads(source.read(SCHEMA))
        for old, new in _numbered(schema).items():
            target.writestr(_undated(new), _without_padding(source.read(old)))
        target.writestr(_undated(SCHEMA), json.dumps(schema))


def read_estimators(folder: Path, expected: Members) -> Members:
    """Load a fitted classifier; code in its file is refused, not run.

    Args:
        folder: Where `write_estimators` wrote.
        expected: Unfitted estimators of the classes that must be found.

    Raises:
        OutputError: If a file cannot be read, or holds anything but such a classifier.
    """
    import xgboost

    found = _read_xgboost(folder) if isinstance(expected[0], xgboost.XGBModel) else _read_sklearn(folder / SKLEARN)
    kinds, wanted = [type(member).__name__ for member in found], [type(member).__name__ for member in expected]
    if [type(member) for member in found] != [type(member) for member in expected]:
        raise OutputError(f"{folder.name} holds estimators {kinds}, expected {wanted}")
    return found


def _read_xgboost(folder: Path) -> Members:
    import xgboost

    classifier = xgboost.XGBClassifier()
    try:
        classifier.load_model(folder / XGBOOST)
    except (xgboost.core.XGBoostError, ValueError, TypeError, KeyError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise OutputError(f"{XGBOOST} cannot be read as an XGBoost model: {reason}") from error
    return (classifier,)


def _read_sklearn(path: Path) -> Members:
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    try:
        strange = sorted(set(skops.io.get_untrusted_types(file=path)) - TRUSTED)
        if strange:
            raise OutputError(f"{path.name} is refused: expected estimators, it would build {', '.join(strange)}")
        content = skops.io.load(path, trusted=sorted(TRUSTED))
    except (
        UntrustedTypesFoundException,
        zipfile.BadZipFile,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        ImportError,
        OSError,
    ) as error:
        raise OutputError(f"{path.name} cannot be read as scikit-learn estimators: {error!r}") from error
    return tuple(content) if isinstance(content, list) else (content,)


def _numbered(schema: dict[str, Any]) -> dict[str, str]:
    """Replace the addresses of objects, which skops takes for ids and file names, by numbers; in place.

    Returns:
        Old name → new name of each array's file, in the order of first mention.
    """
    numbers: dict[Any, int] = {}
    files: dict[str, str] = {}
    for position, node in enumerate(_nodes(schema)):
        # Whether equal constants are one object is the interpreter's whim: each gets a number of its own.
        owner = ("constant", position) if node["__loader__"] == "JsonNode" else node["__id__"]
        node["__id__"] = numbers.setdefault(owner, len(numbers) + 1)
        if isinstance(node.get("file"), str):
            node["file"] = files.setdefault(node["file"], f"{node['__id__']}{Path(node['file']).suffix}")
    return files


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "__id__" in schema:
            yield schema
        for value in schema.values():
            yield from _nodes(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _nodes(value)


def _without_padding(content: bytes) -> bytes:
    """An array's file with zeros between the fields of its records, where there was whatever memory held."""
    if not content.startswith(b"\x93NUMPY"):
        return content
    array = np.load(io.BytesIO(content), allow_pickle=False)
    if array.dtype.names is None:
        return content
    # `zeros_like` would fill the fields only.
    clean = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names:
        clean[name] = array[name]
    file = io.BytesIO()
    np.save(file, clean, allow_pickle=False)
    return file.getvalue()


def _undated(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, NO_DATE)
    info.compress_type = zipfile.ZIP_DEFLATED
    return info
