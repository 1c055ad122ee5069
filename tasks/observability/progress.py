"""A stage's progress as a bar in the Prefect UI and a line in its log now and then."""

import logging
import re
import time
from types import TracebackType
from uuid import UUID

from prefect import get_client
from prefect.artifacts import create_progress_artifact, update_progress_artifact
from prefect.exceptions import ObjectNotFound

from rakuten.outputs.progress import Progress

logger = logging.getLogger("rakuten.progress")

# A stage that is over sooner needs no bar; each update costs a call to the server.
QUIET_SECONDS = 4.0
BAR_SECONDS = 2.0
LINE_SECONDS = 10.0


class ProgressArtifact:
    """Listener for one task run; its bar is removed when the block that it is entered for ends.

    Args:
        called: What the task run is called, the title of the bar.
    """

    def __init__(self, called: str) -> None:
        self.called = called
        self._artifact: UUID | None = None
        self._next_bar = time.monotonic() + QUIET_SECONDS
        self._next_line = time.monotonic() + LINE_SECONDS

    def __enter__(self) -> "ProgressArtifact":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Remove the bar: what is over is shown by the task run's state."""
        if self._artifact is None:
            return
        with get_client(sync_client=True) as client:
            try:
                client.delete_artifact(self._artifact)
            except ObjectNotFound:
                logger.debug("the bar of %s was removed by somebody else", self.called)

    def __call__(self, progress: Progress) -> None:
        """Show a position."""
        now = time.monotonic()
        if now >= self._next_bar:
            self._next_bar = now + BAR_SECONDS
            self._show(progress)
        if now >= self._next_line:
            self._next_line = now + LINE_SECONDS
            logger.info("%s: %d of %d %s", self.called, progress.done, progress.total, progress.unit)

    def _show(self, progress: Progress) -> None:
        percent = 100.0 * progress.done / progress.total if progress.total else 100.0
        if self._artifact is None:
            key = f"progress-{re.sub('[^a-z0-9]+', '-', self.called.lower()).strip('-')}"
            created = create_progress_artifact(percent, key=key, description=f"{self.called}: {progress.unit}")
            assert isinstance(created, UUID)
            self._artifact = created
        else:
            update_progress_artifact(self._artifact, percent)
