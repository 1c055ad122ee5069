"""Scheduled runs that no worker will ever take: their deployment or their work queue was deleted."""

import logging
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Scheduled

from deployments.recovery.interrupted_runs import read_runs

logger = logging.getLogger("rakuten.serving")


def replace_unreachable_runs(client: SyncPrefectClient) -> None:
    """Cancel each unreachable run, and schedule another in its stead where its deployment is there.

    Args:
        client: Of a server whose deployments have their work queues back.
    """
    for run in read_runs(client, StateType.SCHEDULED):
        if run.deployment_id is None:
            continue
        try:
            client.read_deployment(run.deployment_id)
        except ObjectNotFound:
            client.set_flow_run_state(run.id, Cancelled(message="its deployment was deleted"), force=True)
            logger.warning("run %s cancelled: its deployment was deleted", run.name)
            continue
        if run.work_queue_id is None:
            _replace(client, run, run.deployment_id)


def _replace(client: SyncPrefectClient, run: FlowRun, deployment: UUID) -> None:
    """Schedule a run anew in the queue that its deployment has now; a queue of a run cannot be changed."""
    client.create_flow_run_from_deployment(
        deployment,
        name=run.name,
        parameters=run.parameters,
        tags=run.tags,
        state=Scheduled(scheduled_time=run.expected_start_time),
        job_variables=run.job_variables,
    )
    client.set_flow_run_state(run.id, Cancelled(message="its work queue was deleted; it is scheduled anew"), force=True)
    logger.info("run %s: its work queue was deleted; scheduled anew", run.name)
