"""A stage's bar in the Prefect UI has a title, and goes when the stage is over."""

import pytest
from prefect import flow, get_client
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey

from rakuten.outputs.progress import Progress, listening, report_progress
from tasks.observability import progress
from tasks.observability.progress import ProgressArtifact

pytestmark = pytest.mark.usefixtures("prefect_api")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QUIET_SECONDS", "BAR_SECONDS"):
        monkeypatch.setattr(progress, name, 0.0)


def bars() -> dict[str | None, str | None]:
    """Text of the bars there are, by title."""
    key = ArtifactFilterKey(like_="progress-resize-images")
    with get_client(sync_client=True) as client:
        return {
            found.key: found.description for found in client.read_artifacts(artifact_filter=ArtifactFilter(key=key))
        }


@flow
def work(fail: bool) -> dict[str | None, str | None]:
    with ProgressArtifact("resize_images 64 px") as bar, listening(bar):
        report_progress(1, 2, "images")
        report_progress(2, 2, "images")
        if fail:
            raise RuntimeError("no more images")
        return bars()


def test_a_bar_has_a_title_while_it_goes_and_is_removed_when_the_stage_is_over() -> None:
    assert work(fail=False) == {"progress-resize-images-64-px": "resize_images 64 px: images"}
    assert bars() == {}


def test_a_bar_is_removed_when_its_stage_fails() -> None:
    with pytest.raises(RuntimeError, match="no more images"):
        work(fail=True)
    assert bars() == {}


def test_a_bar_that_somebody_removed_does_not_fail_the_stage() -> None:
    bar = ProgressArtifact("resize_images 32 px")
    with bar:
        bar(Progress(1, 2, "images"))
        with get_client(sync_client=True) as client:
            client.delete_artifact(bar._artifact)  # type: ignore[arg-type]
    assert bars() == {}
