"""What is in a package, and that a damaged one is refused before anything of it is used."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hostile
import pandas as pd
import pytest

from rakuten.catalogue.classes import LABELS
from rakuten.data.fitted_products import FITTED_PRODUCTS, FittedProducts
from rakuten.data.named_dump import NamedDump
from rakuten.errors import MismatchError, PackageError
from rakuten.images.weights import WeightsFile
from rakuten.outputs.stage_output import file_digest
from rakuten.prediction.members import Members
from rakuten.prediction.package import ModelPackage, open_package, package_folder
from rakuten.prediction.packing import package_model
from rakuten.printable import printable


def test_a_package_holds_what_prediction_needs_and_no_more(package: ModelPackage) -> None:
    names = {path.relative_to(package.folder).as_posix() for path in package.folder.rglob("*") if path.is_file()}
    models = {f"models/{name}/{file}" for name in ("sharp", "soft") for file in ("ngrams.json", "ngrams.npz")}
    assert names == {"package.json", "card.md", "fusion.json", "corpus_words.json", FITTED_PRODUCTS, *models}
    record = package.record
    assert set(record.files) == names - {"package.json"}
    assert record.classes == LABELS
    assert [recipe.c for recipe in record.recipes.values()] == [0.5, 0.01]
    assert record.decision == "average vote"
    assert [row["name"] for row in record.scores] == ["sharp", "soft", "average vote"]
    assert {"python", "numpy", "scikit-learn"} <= set(record.libraries)
    assert not record.is_refitted


def test_models_cost_no_further_disk(packed: Any) -> None:
    inside = packed.output.file("models/sharp/ngrams.npz")
    assert inside.samefile(packed.models[0].file("ngrams.npz"))


def test_a_copy_has_the_key_of_the_original(packed: Any, copied: Path) -> None:
    assert open_package(copied).key == open_package(packed.output.folder).key


def test_the_card_says_how_good_it_is_and_where_it_fails(copied: Path) -> None:
    card = (copied / "card.md").read_text("utf-8")
    for said in ("**Weighted F1", "| 2583 piscine spa |", "## Limits", "average vote", "54 train", "of small"):
        assert said in card
    assert "refitted" not in card


def damage_model(folder: Path) -> None:
    path = folder / "models/sharp/ngrams.npz"
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def lose_model(folder: Path) -> None:
    (folder / "models/sharp/ngrams.npz").unlink()


def add_file(folder: Path) -> None:
    (folder / "models/sharp/estimator.ubj").write_bytes(b"x")


def cut_record(folder: Path) -> None:
    path = folder / "package.json"
    path.write_text(path.read_text("utf-8")[:-5], "utf-8")


def change_record(**changes: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "package.json"
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **changes}), "utf-8")

    return change


def lead_outside(folder: Path) -> None:
    members = json.loads((folder / "package.json").read_text("utf-8"))["members"]
    change_record(members=[{**members[0], "scored": "../elsewhere"}, members[1]])(folder)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (damage_model, r"models/sharp/ngrams\.npz has \d+ bytes with SHA-256 .*, expected"),
        (lose_model, r"models/sharp/ngrams\.npz is missing"),
        (add_file, r"models/sharp/estimator\.ubj is in it, which package\.json does not list"),
        (cut_record, r"package\.json is damaged or of another version: as a whole"),
        (change_record(format=3), "of another version: format"),
        (change_record(classes={"10": "books"}), "made for other classes than the catalogue's"),
        (lead_outside, "names files of sharp that it does not list"),
        (lambda folder: (folder / "package.json").unlink(), "no model package"),
    ],
)
def test_a_damaged_package_is_refused(copied: Path, damage: Callable[[Path], None], message: str) -> None:
    damage(copied)
    with pytest.raises(PackageError, match=message):
        open_package(copied)


def test_a_package_says_which_products_it_was_fitted_on(packed: Any, package: ModelPackage) -> None:
    products = pd.read_parquet(packed.inputs["clean"].file("train.parquet"))
    sides = pd.read_parquet(packed.inputs["split"].file("split.parquet"))["side"]
    seen = FittedProducts.read(package.folder / FITTED_PRODUCTS).contain(products)
    assert seen[sides.isin(["train", "validation"])].all()
    # Titles of the few words there are repeat.
    assert not seen[~sides.isin(["train", "validation"]) & ~products["designation"].duplicated(keep=False)].any()


def as_format_1(folder: Path) -> None:
    """The package as earlier versions of this program made it."""
    (folder / FITTED_PRODUCTS).unlink()
    record = json.loads((folder / "package.json").read_text("utf-8"))
    files = {name: digest for name, digest in record["files"].items() if name != FITTED_PRODUCTS}
    change_record(format=1, files=files)(folder)


def test_a_package_of_format_1_is_opened_and_lists_no_fitted_products(copied: Path) -> None:
    assert open_package(copied).record.lists_fitted_products
    as_format_1(copied)
    assert not open_package(copied).record.lists_fitted_products


def test_a_package_of_format_2_without_the_list_is_damaged(copied: Path) -> None:
    as_format_1(copied)
    change_record(format=2)(copied)
    with pytest.raises(PackageError, match=f"lists no {FITTED_PRODUCTS}"):
        open_package(copied)


@pytest.mark.parametrize("content", ["", "[1", "3", "{}", '{"members": []}'])
@pytest.mark.parametrize("name", ["fusion.json", "corpus_words.json"])
def test_json_of_another_content_is_one_line(copied: Path, name: str, content: str) -> None:
    (copied / name).write_text(content, "utf-8")
    files = json.loads((copied / "package.json").read_text("utf-8"))["files"]
    change_record(files=files | {name: file_digest(copied / name).model_dump()})(copied)
    with pytest.raises(PackageError, match=rf"^[^\n]*{name} is damaged: [^\n]*$"):
        Members.read(open_package(copied), "scored", {})


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"null", b'{"format": 1}'])
def test_a_record_of_another_content_is_one_line(copied: Path, content: bytes) -> None:
    (copied / "package.json").write_bytes(content)
    with pytest.raises(PackageError, match=r"^[^\n]*package\.json is damaged or of another version: [^\n]*$"):
        open_package(copied)


def test_names_of_runs_and_of_folders_are_told_apart(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert package_folder("copied") == Path("copied")
    assert package_folder("./absent") == Path("absent")
    assert package_folder("20261122-193851-demo") is None


def test_other_models_than_the_decision_fuses_are_refused(packed: Any) -> None:
    with pytest.raises(MismatchError, match="expected the models to be packed"):
        packed.store.run(package_model, **{**packed.inputs, "models": packed.inputs["models"][::-1]})


def test_refitted_models_stand_beside_the_scored_ones(packed: Any) -> None:
    pairs = zip(packed.inputs["models"], packed.models[::-1], strict=True)
    models = tuple(replace(model, refitted=refitted) for model, refitted in pairs)
    output = packed.store.run(package_model, **{**packed.inputs, "models": models})
    package = open_package(output.folder)
    member = package.record.members[0]
    assert package.record.is_refitted
    assert (package.model(member, "refitted") / "ngrams.npz").samefile(packed.models[1].file("ngrams.npz"))
    assert "none can be had" in output.file("card.md").read_text("utf-8")


def test_weights_of_a_backbone_travel_along(packed: Any, tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    path.write_bytes(b"weights")
    weights = WeightsFile(path=path, sha256=file_digest(path).sha256)
    first, second = packed.inputs["models"]
    models = (replace(first, weights=weights), second)
    package = open_package(packed.store.run(package_model, **{**packed.inputs, "models": models}).folder)
    found = [package.weights(member) for member in package.record.members]
    assert found[0] is not None
    assert (found[0].key, found[0].path) == (weights.key, package.folder / "weights/weights.h5")
    assert found[1] is None


def test_the_card_of_models_trained_on_generated_data_says_so_first(packed: Any, copied: Path, hand_made: Any) -> None:
    snapshot = hand_made.output("record_snapshot-v1-b", {}, generated=True)
    output = packed.store.run(package_model, **{**packed.inputs, "dumps": (NamedDump("monday", snapshot),)})
    lines = output.file("card.md").read_text("utf-8").splitlines()
    assert lines[2].startswith("**Trained on generated data: monday.**")
    assert "generated data" not in (copied / "card.md").read_text("utf-8")


@pytest.mark.parametrize("name", hostile.TITLES.values(), ids=hostile.TITLES)
def test_the_name_of_a_dump_is_text_in_the_card(name: str, packed: Any) -> None:
    (dump,) = packed.inputs["dumps"]
    output = packed.store.run(package_model, **{**packed.inputs, "dumps": (replace(dump, name=name),)})
    card = output.file("card.md").read_text("utf-8")
    plain = hostile.parse_markdown(card.replace("    rakuten predict", "rakuten predict"))
    assert " ".join(printable(name).split())[:8] in plain.get_text()


def test_classes_without_test_products_have_no_scores_in_the_card(copied: Path) -> None:
    rows = [line for line in (copied / "card.md").read_text("utf-8").splitlines() if line.endswith("| 0 |")]
    assert len(rows) == 24
    assert all("| – | – | – |" in row for row in rows)
