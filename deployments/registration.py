"""The deployments of a file compared with those of a server, and repaired.

The file is the truth for what a run needs: entrypoint, work queue, parameters, schedules, triggers and a concurrency
limit that are absent are put back. What a person switched off in the UI stays off; what a person set to another value
stays until all deployments are registered again (`set_up`). A log line says so at each start.
"""

import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate, DeploymentUpdate
from prefect.client.schemas.objects import ConcurrencyOptions
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.events import DeploymentEventTrigger
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import Automation

from deployments.automations import content_of
from deployments.work_pool import POOL
from rakuten.errors import InputError, RakutenError

logger = logging.getLogger("rakuten.serving")

Declared = Mapping[str, Any]


def read_file(file: Path) -> list[Declared]:
    """Read the deployments of a file.

    Raises:
        InputError: If there is no such file, or it is no list of named deployments.
    """
    if not file.is_file():
        raise InputError(f"no deployments file {file}; the project's own is deployments/prefect.yaml")
    try:
        content = yaml.safe_load(file.read_text("utf-8"))
        declared: list[Declared] = content["deployments"]
        for each in declared:
            each["name"], each["entrypoint"]
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{file}: expected a list `deployments`, each with name and entrypoint ({reason})") from error
    return declared


def deploy(file: Path, names: Sequence[str] = ()) -> None:
    """Register deployments of a file as it has them.

    Args:
        file: The deployments' file.
        names: Which of them; empty: all.

    Raises:
        RakutenError: If Prefect refuses it; the message ends with what it said.
    """
    which = [option for name in names for option in ("--name", name)] or ["--all"]
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", *which, "--prefect-file", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RakutenError(f"the deployments of {file} were refused:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    logger.info("deployed %s", ", ".join(names) if names else file)


def deploy_all(client: SyncPrefectClient, file: Path) -> None:
    """Register all deployments of a file; what a person switched off stays off."""
    before = read_present(client, read_file(file))
    off = [automation for automation in client.read_automations() if not automation.enabled]
    deploy(file)
    for name, now in read_present(client, read_file(file)).items():
        if name in before:
            _switch_off_again(client, before[name], now)
    for automation in client.read_automations():
        if any(automation.name == was.name and _starts(automation) == _starts(was) for was in off):
            client.pause_automation(automation.id)


def repair_deployments(client: SyncPrefectClient, file: Path) -> None:
    """Put back what is absent or damaged of a file's deployments; one log line for each change."""
    declared = read_file(file)
    present = read_present(client, declared)
    if absent := [each["name"] for each in declared if each["name"] not in present]:
        logger.warning("deployments absent: %s", ", ".join(absent))
        deploy(file, absent)
    automations = client.read_automations()
    for each in declared:
        if (found := present.get(each["name"])) is not None:
            _repair(client, each, found)
            _repair_schedules(client, each, found)
            _repair_triggers(client, each, found, automations)
            _tell_of_changes(each, found)


def read_present(client: SyncPrefectClient, declared: Sequence[Declared]) -> dict[str, DeploymentResponse]:
    """Read the deployments of a server that a file names, by name."""
    functions = {each["name"]: each["entrypoint"].rpartition(".")[2] for each in declared}
    found: dict[str, DeploymentResponse] = {}
    offset = 0
    while page := client.read_deployments(limit=200, offset=offset):
        offset += len(page)
        for deployment in page:
            function = (deployment.entrypoint or "").rpartition(".")[2]
            # Another flow may have a deployment of the same name, which is none of ours.
            if deployment.name in functions and function in (functions[deployment.name], ""):
                found[deployment.name] = deployment
    return found


def _repair(client: SyncPrefectClient, declared: Declared, found: DeploymentResponse) -> None:
    wanted: dict[str, Any] = {}
    queue = declared.get("work_pool", {}).get("work_queue_name", "default")
    if (found.work_pool_name, found.work_queue_name) != (POOL, queue):
        wanted |= {"work_pool_name": POOL, "work_queue_name": queue}
    if found.entrypoint != declared["entrypoint"]:
        wanted["entrypoint"] = declared["entrypoint"]
    if missing := declared.get("parameters", {}).keys() - found.parameters.keys():
        wanted["parameters"] = {**{name: declared["parameters"][name] for name in missing}, **found.parameters}
    if "concurrency_limit" in declared and found.global_concurrency_limit is None:
        limit = declared["concurrency_limit"]
        wanted["concurrency_limit"] = limit["limit"]
        wanted["concurrency_options"] = ConcurrencyOptions(collision_strategy=limit["collision_strategy"])
    if wanted:
        client.update_deployment(found.id, DeploymentUpdate(**wanted))
        logger.warning("deployment %s: put back %s", found.name, ", ".join(sorted(wanted)))


def _repair_schedules(client: SyncPrefectClient, declared: Declared, found: DeploymentResponse) -> None:
    slugs = {schedule.slug for schedule in found.schedules}
    for each in declared.get("schedules", ()):
        if each["slug"] not in slugs:
            schedule = DeploymentScheduleCreate(
                schedule=_schedule(each), slug=each["slug"], active=each.get("active", True)
            )
            client.create_deployment_schedules(found.id, [schedule])
            logger.warning("deployment %s: put back schedule %s", found.name, each["slug"])


def _schedule(declared: Declared) -> CronSchedule | IntervalSchedule:
    if "cron" in declared:
        return CronSchedule(cron=declared["cron"], timezone=declared.get("timezone"))
    return IntervalSchedule(interval=timedelta(seconds=declared["interval"]))


def _repair_triggers(
    client: SyncPrefectClient, declared: Declared, found: DeploymentResponse, automations: Sequence[Automation]
) -> None:
    for each in declared.get("triggers", ()):
        trigger = DeploymentEventTrigger.model_validate(each)
        trigger.set_deployment_id(found.id)
        wanted = trigger.as_automation()
        present = [automation for automation in automations if automation.name == wanted.name]
        if len(present) == 1 and content_of(present[0]) == content_of(wanted):
            if not present[0].enabled:
                logger.warning("trigger %s of deployment %s is off in the UI: left so", wanted.name, found.name)
            continue
        wanted.enabled = all(automation.enabled for automation in present)
        for automation in present:
            client.delete_automation(automation.id)
        client.create_automation(wanted)
        logger.warning("deployment %s: put back trigger %s", found.name, wanted.name)


def _starts(automation: Automation) -> set[UUID | None]:
    """Deployments that an automation starts."""
    return {action.deployment_id for action in automation.actions if isinstance(action, RunDeployment)}


def _switch_off_again(client: SyncPrefectClient, before: DeploymentResponse, now: DeploymentResponse) -> None:
    off = {schedule.slug for schedule in before.schedules if not schedule.active}
    for schedule in now.schedules:
        if schedule.active and schedule.slug in off:
            client.update_deployment_schedule(now.id, schedule.id, active=False)
    if before.paused and not now.paused:
        client.pause_deployment(now.id)


def _tell_of_changes(declared: Declared, found: DeploymentResponse) -> None:
    """Log what a person switched off or set to another value than the file's."""
    if found.paused:
        logger.warning("deployment %s is paused in the UI: left so", found.name)
    for schedule in found.schedules:
        if not schedule.active:
            logger.warning("schedule %s of deployment %s is paused in the UI: left so", schedule.slug, found.name)
    changed = {
        f"parameter {name}": (found.parameters.get(name, value), value)
        for name, value in declared.get("parameters", {}).items()
    }
    if (limit := declared.get("concurrency_limit")) and found.global_concurrency_limit is not None:
        changed["concurrency limit"] = (found.global_concurrency_limit.limit, limit["limit"])
    wanted = {each["slug"]: _schedule(each) for each in declared.get("schedules", ())}
    for schedule in found.schedules:
        if isinstance(schedule.schedule, CronSchedule) and isinstance(cron := wanted.get(schedule.slug), CronSchedule):
            changed[f"schedule {schedule.slug}"] = (_named(schedule.schedule), _named(cron))
    for what, (now, value) in changed.items():
        if now != value:
            logger.info(
                "deployment %s: %s is %r in the UI, %r in the file: left so; `rakuten deploy` sets it back",
                found.name, what, now, value,
            )  # fmt: skip


def _named(schedule: CronSchedule) -> str:
    return f"{schedule.cron} {schedule.timezone}"
