"""The list of fitted products comes from the package, or from the run of a package that was made without one."""

import json
from pathlib import Path
from typing import Any

import pytest

from rakuten.data.fitted_products import FITTED_PRODUCTS
from rakuten.errors import PackageError, RunNotFoundError
from rakuten.outputs import OutputStore
from rakuten.outputs.stage_output import FileRecord
from rakuten.prediction.package import ModelPackage, PackageRecord
from rakuten.recipes import load_plan
from rakuten.runs.planning import planning
from rakuten.runs.records import RunBook, RunRecord
from tasks.predictions import fitted_products


def package(folder: Path, format: int) -> ModelPackage:
    files = {FITTED_PRODUCTS: FileRecord(size=1, sha256="0" * 64)} if format > 1 else {}
    record = PackageRecord(
        format=format,  # type: ignore[arg-type]
        plan=load_plan("demo"),
        classes={},
        decision="",
        members=(),
        scores=(),
        libraries={},
        files=files,
    )
    (folder / "package.json").write_text(json.dumps(record.model_dump(mode="json")), "utf-8")
    return ModelPackage(folder=folder, sha256="0" * 64)


def run(outputs: Path, **keys: str) -> RunRecord:
    return RunBook(OutputStore(outputs)).open(flow="retrain", parameters={}, plan={"name": "demo"}, outputs=keys)


def test_a_package_that_lists_its_products_is_the_list(tmp_path: Path) -> None:
    made = package(tmp_path, format=2)
    assert fitted_products(made, None) is made


def test_for_a_package_of_format_1_the_list_is_made_from_its_run(
    tmp_path: Path, outputs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}
    monkeypatch.setattr(RunBook, "output", lambda self, record, role: asked.setdefault(role, record.outputs[role]))
    with planning(OutputStore(outputs)) as planner:
        monkeypatch.setattr(planner, "expect", lambda stage, inputs, label: (stage.name, inputs))
        found = fitted_products(package(tmp_path, format=1), run(outputs, clean="clean-v1-1", split="split-v1-1"))
    assert found == ("list_fitted_products", {"clean": "clean-v1-1", "split": "split-v1-1"})


def test_a_package_of_format_1_whose_run_has_lost_its_split_is_one_line(tmp_path: Path, outputs: Path) -> None:
    with pytest.raises(RunNotFoundError, match=r"clean.*is gone or damaged"):
        fitted_products(package(tmp_path, format=1), run(outputs, clean="clean-v1-1", split="split-v1-1"))


def test_a_package_of_format_1_from_elsewhere_cannot_be_scored_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"^[^\n]*format 1[^\n]*cannot be scored; it can still predict[^\n]*$"):
        fitted_products(package(tmp_path, format=1), None)
