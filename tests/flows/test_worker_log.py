"""The worker's log says in words why a run did not begin."""

import logging

import pytest

from flows.serving.worker import LOGGER, RefusedRuns


@pytest.fixture
def worker_logger() -> logging.LoggerAdapter:  # type: ignore[type-arg]
    logger = logging.getLogger(f"test.{LOGGER}")
    logger.filters = [RefusedRuns()]
    return logging.LoggerAdapter(logger, {"flow_run_name": "brave-fox"})


def lines(worker_logger: logging.LoggerAdapter, state: str, caplog: pytest.LogCaptureFixture) -> list[str]:  # type: ignore[type-arg]
    with caplog.at_level(logging.INFO):
        worker_logger.info(f"Aborted submission of flow run '1': Server returned a non-pending state {state!r}")
        worker_logger.info("Flow run '2' submitted to infrastructure")
    return caplog.messages


def test_a_skipped_run_is_named_with_the_reason(
    worker_logger: logging.LoggerAdapter,  # type: ignore[type-arg]
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert lines(worker_logger, "CANCELLED", caplog) == [
        "brave-fox is skipped: another run of its deployment is at work",
        "Flow run '2' submitted to infrastructure",
    ]


def test_a_run_that_waits_for_its_turn_has_no_line_every_half_minute(
    worker_logger: logging.LoggerAdapter,  # type: ignore[type-arg]
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert lines(worker_logger, "SCHEDULED", caplog) == ["Flow run '2' submitted to infrastructure"]
