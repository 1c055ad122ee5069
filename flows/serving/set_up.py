"""What a server must be told of this project: work pool, queues, deployments, automations. Needs a server to talk to.

All of it can be done again at any time. What people change in the UI (a paused schedule, an automation switched off)
stays as it is, until the deployments' file itself changes or they ask for it.
"""

import hashlib
import logging
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from prefect import get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound
from prefect.variables import Variable
from prefect.workers.process import ProcessWorker

from flows.serving.automations import set_up_automations
from flows.serving.interrupted import mark_interrupted_runs
from rakuten.errors import InputError, RakutenError
from rakuten.outputs import OutputStore
from rakuten.outputs.runs import RunBook
from rakuten.settings import Settings

logger = logging.getLogger("rakuten.serving")

DEPLOYMENTS = Path(__file__).parents[2] / "deployments" / "prefect.yaml"
POOL = "rakuten"
# Lower goes first where a worker cannot carry out all that waits.
QUEUES = {"nightly": 1, "default": 2, "backfill": 3}
COMMAND = "python -m flows.serving.run_process"
DEPLOYED = "rakuten_deployed"


def set_up(settings: Settings, deployments: Path = DEPLOYMENTS, *, anew: bool = False) -> None:
    """Tell the server that PREFECT_API_URL names all it must know.

    Args:
        settings: Who is told of failures, and when a nightly run is late.
        deployments: The deployments' file.
        anew: Deploy even if this server has these deployments already.

    Raises:
        InputError: If there is no such file.
        RakutenError: If Prefect refuses it.
    """
    if not deployments.is_file():
        raise InputError(f"no deployments' file {deployments}; it stands in the project's folder, deployments/")
    set_up_pool()
    content = hashlib.sha256(deployments.read_bytes() + version("prefect").encode()).hexdigest()[:20]
    if anew or Variable.get(DEPLOYED) != content:
        deploy(deployments)
        Variable.set(DEPLOYED, content, overwrite=True)
    set_up_automations(settings)
    mark_interrupted_runs(RunBook(OutputStore(settings.outputs_folder)))


def set_up_pool() -> None:
    """Create the work pool and its queues where they are absent."""
    with get_client(sync_client=True) as client:
        try:
            template = client.read_work_pool(POOL).base_job_template
        except ObjectNotFound:
            template = ProcessWorker.get_default_base_job_template()
            client.create_work_pool(WorkPoolCreate(name=POOL, type="process", base_job_template=template))
        command = template["variables"]["properties"]["command"]
        if command.get("default") != COMMAND:
            command["default"] = COMMAND
            client.update_work_pool(POOL, WorkPoolUpdate(base_job_template=template))
        present = {queue.name for queue in client.read_work_queues(work_pool_name=POOL)}
        for name, priority in QUEUES.items():
            if name not in present:
                client.create_work_queue(name, priority=priority, work_pool_name=POOL)
            queue = client.read_work_queue_by_name(name, work_pool_name=POOL)
            if queue.priority != priority:
                client.update_work_queue(queue.id, priority=priority)


def deploy(deployments: Path) -> None:
    """Register all deployments of a file.

    Raises:
        RakutenError: If Prefect refuses it; the message ends with what it said.
    """
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(deployments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RakutenError(
            f"the deployments of {deployments} were refused:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    logger.info("deployed %s", deployments)
