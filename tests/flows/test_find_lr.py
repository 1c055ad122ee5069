"""The find-lr flow on a small generated dump: what it gives, what it shows, what it refuses."""

from pathlib import Path

import pandas as pd
import pytest
from prefect.client.orchestration import get_client

from flows.cli.preflight import check_find_rate
from flows.cli.run_views import rate_lines
from flows.find_lr import find_learning_rate
from rakuten.demo.dump import write_demo_dump
from rakuten.errors import DumpError, InputError, RecipeError
from rakuten.outputs import OutputStore
from rakuten.recipes.loading import RECIPES


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts alone, so that no image stage takes time."""
    folder = tmp_path_factory.mktemp("find_lr") / "dump"
    write_demo_dump(folder, num_products=300, num_images=0)
    return folder


def test_the_rate_found_is_shown_beside_its_picture_and_found_again(
    prefect_api: None, stages_in_process: None, dump: Path, outputs: Path
) -> None:
    keys = find_learning_rate(dump=str(dump), recipe="text_fasttext", steps=100)
    store = OutputStore(outputs)
    found, picture = (store.find(keys[role]) for role in ("found", "picture"))
    assert found is not None
    assert picture is not None
    rate = found.facts["learning_rate"]
    assert 1e-4 < rate < 1
    lines = rate_lines(store, keys["found"], keys["picture"])
    assert sum("the recipe's own" in line and "weighted F1" in line for line in lines) == 1
    assert lines[0] == f"learning_rate = {rate:.1e}"
    assert str(picture.file("curve.png")) in lines[-1]
    assert len(pd.read_parquet(found.file("curve.parquet"))) <= 100

    with get_client(sync_client=True) as client:
        artifacts = {artifact.key: artifact for artifact in client.read_artifacts()}
    assert str(rate) in str(artifacts["learning-rate"].data)
    assert "data:image/png;base64," in str(artifacts["learning-rate-curve"].data)

    made = {path.name: path.stat().st_mtime_ns for path in outputs.glob("*-v*/manifest.json")}
    assert find_learning_rate(dump=str(dump), recipe="text_fasttext", steps=100) == keys
    assert {path.name: path.stat().st_mtime_ns for path in outputs.glob("*-v*/manifest.json")} == made


def test_recipe_of_photos_is_refused_on_a_dump_without_any(prefect_api: None, dump: Path, outputs: Path) -> None:
    with pytest.raises(InputError, match=r"there are no images in .*, needed by image_small_cnn"):
        find_learning_rate(dump=str(dump), recipe="image_small_cnn")


def test_what_cannot_be_searched_is_refused_at_once(dump: Path, tmp_path: Path) -> None:
    check_find_rate(str(dump), "text_dnn", "batch", None)
    with pytest.raises(RecipeError, match="family text_ngrams is no Keras network, it has no learning rate"):
        check_find_rate(str(dump), "text_ngrams", "batch", None)
    with pytest.raises(
        RecipeError, match="expected at least 20 steps of the learning rate, one epoch each, received 3"
    ):
        check_find_rate(str(dump), "text_dnn", "epoch", 3)
    with pytest.raises(
        RecipeError, match="expected at least 100 steps of the learning rate, one batch each, received 60"
    ):
        check_find_rate(str(dump), "text_dnn", "batch", 60)
    with pytest.raises(DumpError, match="absent does not exist"):
        check_find_rate("absent", "text_dnn", "batch", None)
    odd = tmp_path / "odd_network.toml"
    odd.write_text((RECIPES / "text_dnn.toml").read_text("utf-8").replace('"text_dnn"', '"odd_network"'), "utf-8")
    with pytest.raises(RecipeError, match="odd_network"):
        check_find_rate(str(dump), str(odd), "batch", None)
