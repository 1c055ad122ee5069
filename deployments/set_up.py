"""Set-up of a Prefect server for this project: work pool, deployments, automations; and recovery after a hard stop.

All of it can be done again at any time: what is there is compared with what should be, and repaired with a log line for
each repair. What people switched off in the UI (a paused schedule, an automation) stays off.
"""

import hashlib
import logging
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.variables import Variable

import flows
from deployments.automations import set_up_automations, switch_marks
from deployments.recovery.concurrency_slots import free_slots
from deployments.recovery.interrupted_runs import recover_runs
from deployments.recovery.missed_schedules import catch_up
from deployments.recovery.unreachable_runs import replace_unreachable_runs
from deployments.registration import deploy_all, read_file, repair_deployments
from deployments.work_pool import has_other_workers, repair_pool
from rakuten.settings import Settings

logger = logging.getLogger("rakuten.serving")

DEPLOYMENTS = Path(__file__).parents[2] / "deployments" / "prefect.yaml"
DEPLOYED = "rakuten_deployed"


def set_up(settings: Settings, deployments: Path = DEPLOYMENTS, *, anew: bool = False) -> None:
    """Set up the server that PREFECT_API_URL names, for workers of any machine.

    Args:
        settings: Who is told of failures, and when a nightly run is late.
        deployments: The deployments' file.
        anew: Deploy even if this server has these deployments already.

    Raises:
        InputError: If there is no such file, or it is not a deployments' file.
        RakutenError: If Prefect refuses it.
    """
    with get_client(sync_client=True) as client:
        _set_up(client, settings, deployments, anew=anew)
        switch_marks(client, enabled=True)


def set_up_and_recover(settings: Settings, deployments: Path, *, worker: str, since: datetime) -> None:
    """Set up the server of this machine, and settle what a hard stop left; its worker is not started yet.

    Args:
        settings, deployments: As in `set_up`.
        worker: Name of this machine's worker.
        since: When the server was started.

    Raises:
        InputError, RakutenError: As `set_up`.
    """
    with get_client(sync_client=True) as client:
        # Otherwise they mark what is scheduled anew below.
        switch_marks(client, enabled=False)
        _set_up(client, settings, deployments)
        if has_other_workers(client, worker, since):
            logger.warning("workers of other machines are online: interrupted runs are left to their heartbeats")
        else:
            resumed = recover_runs(client, since=since)
            free_slots(client)
            catch_up(client, resumed)
            replace_unreachable_runs(client)
        switch_marks(client, enabled=True)


def recover_from_worker(worker: str) -> None:
    """Settle the runs that this machine's worker had taken and not begun when it died; those begun end by themselves.

    Args:
        worker: Name of this machine's worker.
    """
    with get_client(sync_client=True) as client:
        if not has_other_workers(client, worker):
            recover_runs(client, types=(StateType.PENDING, StateType.CANCELLING))


def _set_up(client: SyncPrefectClient, settings: Settings, deployments: Path, *, anew: bool = False) -> None:
    # Each repair is a line at this level.
    logger.setLevel(logging.INFO)
    read_file(deployments)
    repair_pool(client)
    content = _digest(deployments)
    if anew or Variable.get(DEPLOYED) != content:
        deploy_all(client, deployments)
        Variable.set(DEPLOYED, content, overwrite=True)
    repair_deployments(client, deployments)
    set_up_automations(client, settings)


def _digest(deployments: Path) -> str:
    """Digest of all that decides how deployments are registered: the file, the flows' parameters, Prefect's version."""
    code = sorted(Path(flows.__path__[0]).glob("*.py"))
    parts = [deployments, *code]
    content = b"".join(hashlib.sha256(part.read_bytes()).digest() for part in parts)
    return hashlib.sha256(content + version("prefect").encode()).hexdigest()[:20]
