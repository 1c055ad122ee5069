"""The dumps of an earlier run, found by what the run recorded."""

import shutil
from pathlib import Path

import pytest

from rakuten.demo.dump import write_demo_dump
from rakuten.dumps.snapshot import list_dump, record_snapshot
from rakuten.errors import OutputError
from rakuten.outputs import OutputStore, StageOutput
from rakuten.runs.records import RunBook, RunRecord, Status
from rakuten.runs.run_outputs import RunOutputs
from rakuten.stages import stage
from tasks.dumps import recorded_dumps


@stage(version=1)
def read_stand_in(out: Path, snapshot: StageOutput) -> None:
    """Products of a dump."""


@stage(version=1)
def validate_stand_in(out: Path, products: StageOutput) -> None:
    """A validation of products."""


def record(outputs: Path, *dumps: Path) -> RunRecord:
    store = OutputStore(outputs)
    snapshots = [store.run(record_snapshot, listing=list_dump(dump)) for dump in dumps]
    products = [store.run(read_stand_in, snapshot=snapshot) for snapshot in snapshots]
    validations = tuple(store.run(validate_stand_in, products=each) for each in products)
    first, *more = map(str, dumps)
    book = RunBook(store)
    opened = book.open("retrain", parameters={"dump": first, "more_dumps": more})
    made = RunOutputs(snapshot=snapshots[0], validations=validations).to_roles()
    return book.close(opened, Status.COMPLETED, outputs={role: output.key for role, output in made.items()})


def test_all_dumps_of_a_run_are_found_though_their_folders_are_gone(outputs: Path, tmp_path: Path) -> None:
    monday, tuesday = tmp_path / "monday", tmp_path / "tuesday"
    for seed, dump in enumerate((monday, tuesday)):
        write_demo_dump(dump, num_products=27, num_images=seed, image_size=16, seed=seed, num_workers=1)
    run = record(outputs, monday, tuesday)
    shutil.rmtree(monday)
    shutil.rmtree(tuesday)
    found = recorded_dumps(run)
    assert [dump.name for dump in found] == ["monday", "tuesday"]
    assert [dump.has_images for dump in found] == [False, True]
    assert found[0].snapshot.key != found[1].snapshot.key


def test_a_dump_whose_record_is_gone_is_refused_in_one_line(outputs: Path, tmp_path: Path) -> None:
    for seed, name in enumerate(("monday", "tuesday")):
        write_demo_dump(tmp_path / name, num_products=27, num_images=0, seed=seed, num_workers=1)
    run = record(outputs, tmp_path / "monday", tmp_path / "tuesday")
    for products in outputs.glob("read_stand_in-*"):
        shutil.rmtree(products)
    with pytest.raises(
        OutputError, match=r"read_stand_in-v1-\w+, from which validate_stand_in-v1-\w+ was made, is gone"
    ):
        recorded_dumps(run)
