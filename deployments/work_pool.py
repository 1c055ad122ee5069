"""The work pool and its queues: created where absent, repaired where damaged, left alone where a person paused them."""

import logging
import time
from datetime import datetime
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import WorkerStatus, WorkPool
from prefect.exceptions import ObjectNotFound
from prefect.workers.process import ProcessWorker

logger = logging.getLogger("rakuten.serving")

POOL = "rakuten"
TYPE = "process"
# Lower goes first where a worker cannot carry out all that waits.
QUEUES = {"nightly": 1, "default": 2, "backfill": 3}
# Workers send a heartbeat every 30 s.
WORKER_BEAT_SECONDS = 40.0
COMMAND = "python -m deployments.run_process"


def repair_pool(client: SyncPrefectClient) -> None:
    """Create or repair the work pool and its queues; one log line for each change."""
    try:
        pool = client.read_work_pool(POOL)
        if pool.type != TYPE:
            client.delete_work_pool(POOL)
            logger.warning("work pool %s was of type %s, not %s: made anew", POOL, pool.type, TYPE)
            pool = _create_pool(client)
    except ObjectNotFound:
        pool = _create_pool(client)
        logger.info("work pool %s created", POOL)
    _repair_command(client, pool)
    _repair_queues(client)
    if pool.is_paused:
        logger.warning("work pool %s is paused in the UI: no run begins until it is resumed there", POOL)
    if pool.concurrency_limit is not None:
        logger.info("work pool %s is limited to %d runs at once in the UI: left so", POOL, pool.concurrency_limit)


def has_other_workers(client: SyncPrefectClient, own: str, since: datetime | None = None) -> bool:
    """Return True if another worker is at work in the pool; waits for a heartbeat where that is open.

    Args:
        client: Of the server.
        own: Name of this machine's worker, which may have been killed a moment ago.
        since: When the server was started; what workers sent it before says nothing of now. None: long ago.
    """
    deadline = time.monotonic() + WORKER_BEAT_SECONDS
    while True:
        workers = client.read_workers_for_work_pool(POOL)
        online = [each for each in workers if each.status is WorkerStatus.ONLINE and each.name != own]
        if not online or since is None:
            return bool(online)
        if any(each.last_heartbeat_time is not None and each.last_heartbeat_time >= since for each in online):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(1)


def _create_pool(client: SyncPrefectClient) -> WorkPool:
    made = client.create_work_pool(WorkPoolCreate(name=POOL, type=TYPE, base_job_template=_template()))
    # Prefect makes this one itself, as the first in line.
    default = client.read_work_queue_by_name("default", work_pool_name=POOL)
    client.update_work_queue(default.id, priority=QUEUES["default"])
    return made


def _template() -> dict[str, Any]:
    """Prefect's template of a process worker's runs, with the command of this project."""
    template = ProcessWorker.get_default_base_job_template()
    template["variables"]["properties"]["command"]["default"] = COMMAND
    return template


def _repair_command(client: SyncPrefectClient, pool: WorkPool) -> None:
    template = pool.base_job_template
    command = template.get("variables", {}).get("properties", {}).get("command")
    if command is not None and command.get("default") == COMMAND:
        return
    if command is None:
        template = _template()
    else:
        # What else a person changed in the template stays.
        command["default"] = COMMAND
    client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=template))
    logger.info("work pool %s: command of its runs set", POOL)


def _repair_queues(client: SyncPrefectClient) -> None:
    present = {queue.name: queue for queue in client.read_work_queues(work_pool_name=POOL)}
    for name, priority in QUEUES.items():
        queue = present.get(name)
        if queue is None:
            client.create_work_queue(name, priority=priority, work_pool_name=POOL)
            logger.info("work queue %s created", name)
            continue
        if queue.priority != priority:
            client.update_work_queue(queue.id, priority=priority)
            logger.info("work queue %s: priority %s set back to %d", name, queue.priority, priority)
        if queue.is_paused:
            logger.warning("work queue %s is paused in the UI: none of its runs begins until it is resumed", name)
        if queue.concurrency_limit is not None:
            logger.info("work queue %s is limited to %d runs in the UI: left so", name, queue.concurrency_limit)
