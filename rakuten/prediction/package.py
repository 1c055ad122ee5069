"""A model package: one folder with everything that prediction needs, on this machine or another.

Layout:
    package.json            what is in it, with the digest of every other file
    card.md                 the same for people, with scores and limits
    fusion.json             how the models' answers become one
    corpus_words.json       words that clean texts are read without
    fitted_products.parquet which products the scored models were fitted on; absent from format 1
    models/<recipe>/        the models that were scored
    refitted/<recipe>/      the same, fitted again to all labelled products; only where the plan asks for it
    weights/                files of backbones that make features of photos

Nothing in it is run: networks are loaded in Keras' safe mode, arrays without pickle, estimators by an allow-list of
types. The digests tell damage from what was written; they are no signature.
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
    """One model of a package; folders and files are relative to the package's.

    Attributes:
        name: Of its recipe.
        scored: Folder of the model that was scored.
        refitted: Folder of the model that was fitted to all labelled products; None: there is none.
        weights: File of the weights of the backbone that makes features for it; None: it needs none.
    """

    name: str
    scored: str
    refitted: str | None = None
    weights: str | None = None


class PackageRecord(Strict):
    """What `package.json` says.

    Attributes:
        format: Of this file; packages of format 1 lack the list of fitted products.
        plan: What was trained and how texts are cleaned.
        classes: Label of each class code.
        decision: Name of the fusion that decides.
        members: In the order of the fusion.
        scores: Of the scored models and their fusions on test products, one dict each.
        libraries: Versions that the models were made with.
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
        """Whether it holds models that were fitted to all labelled products."""
        return all(member.refitted for member in self.members)

    @property
    def lists_fitted_products(self) -> bool:
        """Whether the package says which products its scored models were fitted on."""
        return FITTED_PRODUCTS in self.files

    @functools.cached_property
    def recipes(self) -> dict[str, Recipe]:
        """The members' recipes by name."""
        of_plan = {recipe.name: recipe for recipe in self.plan.recipes}
        return {member.name: of_plan[member.name] for member in self.members}


class ModelPackage(BaseModel):
    """A package that was opened.

    Attributes:
        folder: Where it is on this machine; never part of a key.
        sha256: Of its `package.json`, and so of all it holds.
    """

    model_config = ConfigDict(frozen=True)

    folder: Path
    sha256: str

    @property
    def key(self) -> str:
        """Equal for equal content, wherever it was copied."""
        return f"package-{self.sha256[:20]}"

    @functools.cached_property
    def record(self) -> PackageRecord:
        """Content of its `package.json`."""
        return _read(self.folder)

    @property
    def code_modules(self) -> list[str]:
        """Modules of the members' families; their code enters the key of predictions."""
        return sorted({recipe.family_module for recipe in self.record.recipes.values()})

    @property
    def libraries(self) -> list[str]:
        """Distributions whose versions enter the key of predictions."""
        return sorted({name for recipe in self.record.recipes.values() for name in recipe.libraries})

    @property
    def environment(self) -> dict[str, str]:
        """Empty: which backend or device predicts matters to last bits only."""
        return {}

    def model(self, member: PackagedMember, variant: ModelVariant) -> Path:
        """The folder of a member's model.

        Raises:
            PackageError: If it was not fitted again.
        """
        folder = member.scored if variant == "scored" else member.refitted
        if folder is None:
            raise PackageError(f"{self.folder} holds no refitted {member.name}; its plan does not say refit")
        return self.folder / folder

    def read_json(self, name: str) -> Any:
        """The content of one of its JSON files.

        Raises:
            PackageError: If it is absent or no JSON.
        """
        try:
            return json.loads((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise PackageError(f"{self.folder / name} is damaged: {error}") from error

    def weights(self, member: PackagedMember) -> WeightsFile | None:
        """The weights of the backbone that makes a member's features; None: random ones, or there is none."""
        if member.weights is None:
            return None
        return WeightsFile(path=self.folder / member.weights, sha256=self.record.files[member.weights].sha256)


def package_folder(model: str) -> Path | None:
    """The folder of the package that a name means; None where it can only be that of a run.

    Args:
        model: A path with a slash, a folder here that holds a package, or anything else.
    """
    folder = Path(model).expanduser()
    return folder if "/" in model or (folder / PACKAGE).is_file() else None


def open_package(folder: Path) -> ModelPackage:
    """Open a package, every file of it checked.

    Raises:
        PackageError: If the folder is no package, one of another format or of other classes, or a file is missing,
            damaged or not listed.
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
    """See that what members name is in the package, and nowhere else."""
    recipes = {recipe.name for recipe in record.plan.recipes}
    for member in record.members:
        places = [f"{place}/" for place in (member.scored, member.refitted) if place is not None]
        known = all(any(name.startswith(place) for name in record.files) for place in places)
        if member.name not in recipes or not known or member.weights not in (None, *record.files):
            raise PackageError(f"{folder} is damaged: its {PACKAGE} names files of {member.name} that it does not list")


def _some(names: Collection[str]) -> str:
    first = next(iter(names))
    return f"{first} is" if len(names) == 1 else f"{first} and {len(names) - 1} more files are"
