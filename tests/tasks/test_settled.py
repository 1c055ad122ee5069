"""Trainings that may be refused are told from those that failed, and do not end a run."""

from pathlib import Path
from typing import Any

import pytest
from prefect import flow

from rakuten.errors import ConstantPredictionError, InputError, OutputError
from rakuten.stages import stage
from tasks.futures import outputs_of, settled
from tasks.stage_task import StageTask

ERRORS = {"constant": ConstantPredictionError, "diverged": InputError, "broken": OutputError}


@stage(version=1)
def train_quickly(out: Path, name: str) -> None:
    """Train, or fail as the name says."""
    if name in ERRORS:
        raise ERRORS[name](f"it is {name}")
    (out / "model").write_text(name)


@flow
def train_all(names: list[str]) -> Any:
    train = StageTask(train_quickly, label="name")
    trained, refused = settled({name: train.submit(name=name) for name in names})
    return {name: output.key for name, output in trained.items()}, refused, outputs_of({})


@pytest.mark.usefixtures("prefect_api")
def test_refused_trainings_are_given_with_their_reasons(outputs: Path) -> None:
    trained, refused, _ = train_all(["good", "constant", "diverged"])
    assert list(trained) == ["good"]
    assert refused == {"constant": "it is constant", "diverged": "it is diverged"}


@pytest.mark.usefixtures("prefect_api")
def test_any_other_failure_ends_the_run(outputs: Path) -> None:
    with pytest.raises(OutputError, match="it is broken"):
        train_all(["good", "broken", "constant"])
