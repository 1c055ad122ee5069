"""Concurrency slots that are counted in the database and held by nobody.

Prefect counts the slots of a limit in its database, and keeps who holds them in the server's memory. After a restart
the count stays, and nothing ever lowers it: every later run of the deployment is refused.
"""

import logging
from collections import Counter

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.objects import StateType

from deployments.recovery.interrupted_runs import PAGE, read_runs

logger = logging.getLogger("rakuten.serving")


def free_slots(client: SyncPrefectClient) -> None:
    """Set each limit's slots to the number of runs under way that hold one.

    Limits that are not of a deployment are held by processes of the server that ended. Rate limits, whose slots free
    themselves with time, are left alone.

    Args:
        client: Of a server that has just started, with no worker.
    """
    under_way = read_runs(client, StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
    held = Counter(f"deployment:{run.deployment_id}" for run in under_way)
    offset = 0
    while page := client.read_global_concurrency_limits(limit=PAGE, offset=offset):
        offset += len(page)
        for limit in page:
            if limit.active_slots > held[limit.name] and not limit.slot_decay_per_second:
                update = GlobalConcurrencyLimitUpdate(active_slots=held[limit.name])
                client.update_global_concurrency_limit(limit.name, update)
                logger.info("concurrency limit %s: %d slots freed", limit.name, limit.active_slots - held[limit.name])
