"""A flow of three short tasks, and a worker that carries its runs out in threads; part of `server.py`.

python benchmarks/short_runs.py POOL LIMIT
"""

import asyncio
import sys
from functools import partial
from typing import Any

import anyio.abc
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import FlowRun
from prefect.flow_engine import run_flow
from prefect.utilities.asyncutils import run_sync_in_worker_thread
from prefect.workers.base import BaseJobConfiguration, BaseWorker, BaseWorkerResult


@task(cache_policy=NO_CACHE, persist_result=False)
def double(number: int) -> int:
    """Twice a number."""
    return 2 * number


@flow
def short(number: int) -> int:
    """Three tasks, the last one waiting for the others."""
    return int(double(double.submit(number).result() + double.submit(number).result()))


class InThreads(BaseWorker[BaseJobConfiguration, Any, BaseWorkerResult]):
    """Carries flow runs out in threads of its own process."""

    type = "in-threads"
    job_configuration = BaseJobConfiguration

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,
        task_status: anyio.abc.TaskStatus[str] | None = None,
    ) -> BaseWorkerResult:
        """Carry out one run."""
        if task_status is not None:
            task_status.started(str(flow_run.id))
        await run_sync_in_worker_thread(partial(run_flow, short, flow_run=flow_run, return_type="state"))
        return BaseWorkerResult(status_code=0, identifier=str(flow_run.id))


if __name__ == "__main__":
    asyncio.run(InThreads(work_pool_name=sys.argv[1], limit=int(sys.argv[2])).start())
