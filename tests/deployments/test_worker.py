"""The worker's log shows what it does, not every run that the server has wait."""

import logging
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.logging.loggers import flow_run_logger

from deployments.worker import is_worth_showing


def test_runs_that_have_to_wait_are_no_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    logger = flow_run_logger(FlowRun(id=uuid4(), flow_id=uuid4())).getChild("worker")
    # The one that `main` gives its filter to.
    assert logger.logger is logging.getLogger("prefect.flow_runs.worker")
    logger.logger.addFilter(is_worth_showing)
    logger.logger.addHandler(caplog.handler)
    try:
        logger.warning("Aborted submission of flow run '1': Server returned a non-pending state 'CANCELLED'")
        logger.warning("Failed to submit flow run '2'")
    finally:
        logger.logger.removeHandler(caplog.handler)
        logger.logger.removeFilter(is_worth_showing)
    assert {record.getMessage() for record in caplog.records} == {"Failed to submit flow run '2'"}
