"""The same flow on threads and on a cluster of processes: the same keys, the same bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from small_plans import write_small_plan

from rakuten.demo.dump import write_demo_dump

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

COMMAND = [sys.executable, "-c", "from flows.cli.main import main; main()"]


def retrain(folder: Path, engine: str, **settings: str) -> dict[str, dict[str, Any]]:
    """Retrain in an outputs folder of its own; its manifests by key."""
    outputs = folder / engine
    environment = {**os.environ, "RAKUTEN_OUTPUTS": str(outputs), "RAKUTEN_ENGINE": engine, **settings}
    arguments = ["retrain", "--dump", str(folder / "dump"), "--plan", str(folder / "tiny.toml")]
    done = subprocess.run([*COMMAND, *arguments], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return {path.parent.name: json.loads(path.read_text("utf-8")) for path in outputs.glob("*-v*/manifest.json")}


def digests(manifests: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Of all files that do not say when or where they were made."""
    return {
        f"{key}/{name}": record["sha256"]
        for key, manifest in manifests.items()
        for name, record in manifest["files"].items()
        if name not in ("costs.html", "costs.parquet")
    }


def test_a_dask_cluster_makes_the_same_outputs_as_threads(tmp_path: Path) -> None:
    write_demo_dump(tmp_path / "dump", num_products=300, image_size=48, num_workers=1)
    write_small_plan(tmp_path / "tiny.toml", ["small_ngrams", "short_cnn"], fusion="weighted")
    local = retrain(tmp_path, "local")
    # A training takes one of the cluster's slots, so that the engine places it.
    distributed = retrain(tmp_path, "dask", RAKUTEN_ENGINE_SLOT="TRAINING")
    assert digests(distributed) == digests(local)
    in_flow = {manifest["process"] for key, manifest in local.items() if key.startswith("evaluate")}
    on_cluster = {manifest["process"] for key, manifest in distributed.items() if key.startswith(("evaluate", "clean"))}
    assert len(in_flow) == 1
    assert len(on_cluster) > 1, "one process did all of it"
