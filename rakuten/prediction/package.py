"""Model package: a self-contained folder for inference, on this machine or another.

Layout:
    package.json            contents, with the digest of every other file
    card.md                 model card with metrics and limitations
    fusion.json             fitted fusion of the models
    corpus_words.json       stop words removed from cleaned texts
    fitted_products.parquet products that the scored models were fitted on; absent in format 1
    models/<recipe>/        scored models
    refitted/<recipe>/      models refitted to all labelled products; only if the plan has refitting
    weights/                pre-trained weights of the backbones for image features

Loading executes no code of the package: networks use Keras' safe mode, arrays are loaded without pickle, estimators
with an allow-list of types. The digests detect damage; they are not a signature.
"""

import functools
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from rakuten.catalogue.classes import CODES
from rakuten.data.fitted_products import FITTED_PRODUCTS
from rakuten.dumps.layout import is_junk
from rakuten.errors import PackageError
from rakuten.images.weights import WeightsFile
from rakuten.outputs.stage_output import FileRecord, file_digest, list_files
from rakuten.recipes import Plan, Recipe
from rakuten.recipes.strict import Strict

PACKAGE = "package.json"
CARD = "card.md"
MODELS = "models"
REFITTED = "refitted"
WEIGHTS = "weights"

# Variants of a model: fitted to train rows and scored, or refitted to all labelled products.
ModelVariant = Literal["scored", "refitted"]


class PackagedMember(Strict):
    """Model of a package; paths are relative to the package folder.

    Attributes:
        name: Name of its recipe.
        scored: Folder of the scored model.
        refitted: Folder of the model refitted to all labelled products, or None.
        weights: File of the weights of its feature extraction backbone; None if it needs none.
    """

    name: str
    scored: str
    refitted: str | None = None
    weights: str | None = None


class PackageRecord(Strict):
    """Content of `package.json`.

    Attributes:
        format: Version of the file format; format 1 has no list of fitted products.
        plan: Plan of the training, with the text cleaning.
        classes: Class name by class code.
        decision: Name of the selected fusion.
        members: In the order of the fusion.
        scores: Metrics of the scored models and fusions on test products, one dict each.
        libraries: Library versions of the training.
        files: Size and digest of every other file.
    """

    format: Literal[1, 2] = 2
    plan: Plan
    classes: dict[int, str]
    decision: str
    members: tuple[PackagedMember, ...]
    scores: tuple[dict[str, Any], ...]
    libraries: dict[str, str]
    files: dict[str, FileRecord]

    @property
    def is_refitted(self) -> bool:
        """True if it has models refitted to all labelled products."""
        return all(member.refitted for member in self.members)

    @property
    def lists_fitted_products(self) -> bool:
        """True if it has a list of the products that its scored models were fitted on."""
        return FITTED_PRODUCTS in self.files

    @functools.cached_property
    def recipes(self) -> dict[str, Recipe]:
        """Recipes of the members by name."""
        of_plan = {recipe.name: recipe for recipe in self.plan.recipes}
        return {member.name: of_plan[member.name] for member in self.members}


class ModelPackage(BaseModel):
    """Opened and verified model package.

    Attributes:
        folder: Folder on this machine; never part of a key.
        sha256: SHA-256 of `package.json`, which covers all files by their digests.
    """

    model_config = ConfigDict(frozen=True)

    folder: Path
    sha256: str

    @property
    def key(self) -> str:
        """Content key, independent of the location."""
        return f"package-{self.sha256[:20]}"

    @functools.cached_property
    def record(self) -> PackageRecord:
        """Content of `package.json`."""
        return _read(self.folder)

    @property
    def code_modules(self) -> list[str]:
        """Modules of the members' families; their code is part of the key of predictions."""
        return sorted({recipe.family_module for recipe in self.record.recipes.values()})

    @property
    def libraries(self) -> list[str]:
        """Distributions whose versions are part of the key of predictions."""
        return sorted({name for recipe in self.record.recipes.values() for name in recipe.libraries})

    @property
    def environment(self) -> dict[str, str]:
        """Empty: backend and device affect only the last bits of predictions."""
        return {}

    def model(self, member: PackagedMember, variant: ModelVariant) -> Path:
        """Folder of a member's model.

        Raises:
            PackageError: If there is no refitted model.
        """
        folder = member.scored if variant == "scored" else member.refitted
        if folder is None:
            raise PackageError(f"{self.folder} holds no refitted {member.name}; its plan does not say refit")
        return self.folder / folder

    def read_json(self, name: str) -> Any:
        """Read a JSON file of the package.

        Raises:
            PackageError: If it is missing or not JSON.
        """
        try:
            return json.loads((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise PackageError(f"{self.folder / name} is damaged: {error}") from error

    def weights(self, member: PackagedMember) -> WeightsFile | None:
        """Pre-trained weights of a member's feature extraction backbone; None for random weights or no backbone."""
        if member.weights is None:
            return None
        return WeightsFile(path=self.folder / member.weights, sha256=self.record.files[member.weights].sha256)


def package_folder(model: str) -> Path | None:
    """Package folder of a model name; None if the name refers to a run.

    Args:
        model: A path with a slash, a package folder in the current folder, or any other name.
    """
    folder = Path(model).expanduser()
    return folder if "/" in model or (folder / PACKAGE).is_file() else None


def open_package(folder: Path) -> ModelPackage:
    """Open a package and verify all its files.

    Raises:
        PackageError: If the folder is not a package, has another format or other classes, or a file is missing, damaged
            or not listed.
    """
    if not (folder / PACKAGE).is_file():
        raise PackageError(f"{folder} is no model package: there is no {PACKAGE} in it")
    record = _read(folder)
    if strange := sorted(record.classes.keys() ^ set(CODES)):
        raise PackageError(f"{folder} was made for other classes than the catalogue's; they differ in {strange}")
    _check_files(folder, record.files)
    _check_members(folder, record)
    if record.format > 1 and not record.lists_fitted_products:
        raise PackageError(f"{folder} is damaged: its {PACKAGE} lists no {FITTED_PRODUCTS}")
    return ModelPackage(folder=folder.absolute(), sha256=file_digest(folder / PACKAGE).sha256)


def _read(folder: Path) -> PackageRecord:
    try:
        return PackageRecord.model_validate_json((folder / PACKAGE).read_bytes())
    except OSError as error:
        raise PackageError(f"{folder / PACKAGE} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "as a whole"
        raise PackageError(f"{folder / PACKAGE} is damaged or of another version: {where}: {fault['msg']}") from error


def _check_files(folder: Path, expected: dict[str, FileRecord]) -> None:
    found = {name for name in list_files(folder) if name != PACKAGE and not is_junk(name)}
    if missing := sorted(expected.keys() - found):
        raise PackageError(f"{folder} is damaged: {_some(missing)} missing")
    if strange := sorted(found - expected.keys()):
        raise PackageError(f"{folder} is damaged: {_some(strange)} in it, which {PACKAGE} does not list")
    for name, record in expected.items():
        received = file_digest(folder / name)
        if received != record:
            raise PackageError(
                f"{folder} is damaged: {name} has {received.size} bytes with SHA-256 {received.sha256[:12]}…, expected "
                f"{record.size} with {record.sha256[:12]}…"
            )


def _check_members(folder: Path, record: PackageRecord) -> None:
    """Check that all paths of members are inside the package (no path traversal)."""
    recipes = {recipe.name for recipe in record.plan.recipes}
    for member in record.members:
        places = [f"{place}/" for place in (member.scored, member.refitted) if place is not None]
        known = all(any(name.startswith(place) for name in record.files) for place in places)
        if member.name not in recipes or not known or member.weights not in (None, *record.files):
            raise PackageError(f"{folder} is damaged: its {PACKAGE} names files of {member.name} that it does not list")


def _some(names: Collection[str]) -> str:
    first = next(iter(names))
    return f"{first} is" if len(names) == 1 else f"{first} and {len(names) - 1} more files are"
