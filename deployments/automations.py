"""This project's automations on a server: created, repaired, and switched. Needs a server to talk to."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.automations import AutomationCore
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.schemas.automations import Automation

from deployments.automation_rules import marks, notices
from deployments.server.environment import MARKS, PREFIX
from rakuten.settings import Settings

logger = logging.getLogger("rakuten.serving")

WEBHOOK = "rakuten-notifications"


def set_up_automations(client: SyncPrefectClient, settings: Settings) -> None:
    """Create or repair this project's automations; those that a person switched off stay off.

    The marks keep their state here, too: see `switch_marks`.
    """
    wanted = {automation.name: automation for automation in _wanted(settings)}
    present: dict[str, Automation] = {}
    for found in client.read_automations():
        if found.name.startswith(PREFIX):
            if found.name in present or found.name not in wanted:
                client.delete_automation(found.id)
            else:
                present[found.name] = found
    for name, automation in wanted.items():
        if name not in present:
            client.create_automation(automation)
            logger.info("automation %s created", name.removeprefix(PREFIX))
            continue
        automation.enabled = present[name].enabled
        if content_of(present[name]) != content_of(automation):
            client.update_automation(present[name].id, automation)
            logger.info("automation %s brought up to date", name.removeprefix(PREFIX))
        if not automation.enabled and not is_mark(name):
            logger.warning("automation %s is switched off in the UI: left so", name.removeprefix(PREFIX))


def is_mark(name: str) -> bool:
    """Return True for the automations that mark runs as crashed, by their name."""
    return name.startswith(MARKS)


def switch_marks(client: SyncPrefectClient, *, enabled: bool) -> None:
    """Switch the automations that mark runs on or off.

    They are off while no worker is at work: a run that waits for the next start has no heartbeat. Each is written anew,
    so that Prefect forgets the runs it was waiting for, which have been settled meanwhile.
    """
    for found in client.read_automations():
        if is_mark(found.name):
            fields = {name: getattr(found, name) for name in ("name", "description", "trigger", "actions")}
            client.update_automation(found.id, AutomationCore(**fields, enabled=enabled))


def content_of(automation: AutomationCore) -> dict[str, Any]:
    """All that makes up an automation, without the ids that the server gives."""
    return {
        "trigger": automation.trigger.model_dump(exclude={"id"}),
        "actions": [action.model_dump() for action in automation.actions],
        "description": automation.description,
    }


def _webhook(url: str) -> UUID:
    """Create or repair the block with the address that is told; its id."""
    try:
        known = Webhook.load(WEBHOOK)
        assert isinstance(known, Webhook)
        if known.url.get_secret_value() == url and known.method == "POST" and known._block_document_id is not None:
            return known._block_document_id
        logger.info("webhook block %s: its address is RAKUTEN_WEBHOOK again", WEBHOOK)
    except ValueError:
        logger.info("webhook block %s created", WEBHOOK)
    made = Webhook(method="POST", url=url).save(WEBHOOK, overwrite=True)
    assert isinstance(made, UUID)
    return made


def _wanted(settings: Settings) -> Iterator[AutomationCore]:
    yield from marks()
    if settings.webhook is None:
        logger.warning("nobody is told of failures: RAKUTEN_WEBHOOK is not set")
    else:
        yield from notices(_webhook(settings.webhook), timedelta(minutes=settings.nightly_deadline_minutes))
