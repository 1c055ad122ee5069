"""What the server watches for: runs that died, and what people want to be told of. Needs a server to talk to."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.automations import AutomationCore
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import StateType
from prefect.events.actions import CallWebhook, ChangeFlowRunState
from prefect.events.schemas.automations import Automation, EventTrigger, Posture

from flows.serving.environment import HEARTBEAT_SECONDS, MARK, MARKS, PREFIX
from rakuten.settings import Settings
from tasks.events import CONTRACT_BROKEN, DRIFT, MODEL_PROMOTED, RUNS_MISSED

logger = logging.getLogger("rakuten.serving")

WEBHOOK = "rakuten-notifications"
# Three heartbeats in a row that nobody heard.
DEAD_AFTER = timedelta(seconds=3 * HEARTBEAT_SECONDS)
# The process of a run takes seconds to begin, on a busy machine minutes.
BEGINS_WITHIN = timedelta(minutes=10)
SUBMITTED = {"prefect.flow-run.Pending", "prefect.flow-run.Submitting"}
BEATS = "prefect.flow-run.heartbeat"
BEGINS = "prefect.flow-run.Running"
ENDS = frozenset(
    f"prefect.flow-run.{name}"
    for name in ("Completed", "Failed", "Cancelled", "Crashed", "TimedOut", "AwaitingRetry", "Scheduled", "Paused")
)
RUN = {"prefect.resource.id": "prefect.flow-run.*"}
# Runs inside a run have no deployment: of them their parent is told.
DEPLOYED = {"prefect.resource.role": "deployment"}
NIGHTLY = {**DEPLOYED, "prefect.resource.name": "nightly"}


def set_up_automations(client: SyncPrefectClient, settings: Settings) -> None:
    """Create or repair this project's automations; those that a person switched off stay off.

    The marks keep their state here, too: see `switch_marks`.
    """
    wanted = {automation.name: automation for automation in _automations(settings)}
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


def _automations(settings: Settings) -> Iterator[AutomationCore]:
    yield AutomationCore(
        name=MARK,
        description="A run whose process is gone is marked crashed, so that it holds nothing up.",
        trigger=EventTrigger(
            posture=Posture.Proactive,
            after={BEATS},
            expect={BEATS, *ENDS},
            match=RUN,
            for_each={"prefect.resource.id"},
            threshold=1,
            within=DEAD_AFTER,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="its process is gone: no heartbeat")],
    )
    yield AutomationCore(
        name=f"{MARKS}that never began",
        description="A run whose worker is gone before the run began is marked crashed, so that it holds no slot.",
        trigger=EventTrigger(
            posture=Posture.Proactive,
            after=SUBMITTED,
            expect={*SUBMITTED, BEGINS, BEATS, *ENDS},
            match=RUN,
            for_each={"prefect.resource.id"},
            threshold=1,
            within=BEGINS_WITHIN,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=f"it did not begin within {BEGINS_WITHIN}")],
    )
    if settings.webhook is None:
        logger.warning("nobody is told of failures: RAKUTEN_WEBHOOK is not set")
        return
    webhook = _webhook(settings.webhook)
    failed = {f"prefect.flow-run.{name}" for name in ("Failed", "Crashed", "TimedOut")}
    deadline = timedelta(minutes=settings.nightly_deadline_minutes)
    notices = {
        "tell of failed runs": (
            _seen(failed, DEPLOYED),
            "{{ flow.name }} {{ flow_run.name }} {{ flow_run.state.name }}: {{ flow_run.state.message }}",
        ),
        "tell of late nightly runs": (
            _seen({"prefect.flow-run.Late"}, NIGHTLY),
            "{{ flow.name }} {{ flow_run.name }} is late: no worker has begun it",
        ),
        "tell of cancelled nightly runs": (
            _seen({"prefect.flow-run.Cancelled"}, NIGHTLY),
            "{{ flow.name }} {{ flow_run.name }} did not take place or was cancelled: {{ flow_run.state.message }}",
        ),
        "tell of missed nightly runs": (
            EventTrigger(
                expect={RUNS_MISSED},
                match={"prefect.resource.name": "nightly"},
                posture=Posture.Reactive,
                threshold=1,
            ),
            "{{ event.payload.words }}",
        ),
        "tell of nightly runs past their deadline": (
            EventTrigger(
                posture=Posture.Proactive,
                after={BEGINS},
                # Prefect 3.8 does not see an event that is only waited for `after`.
                expect={BEGINS, *ENDS},
                match=RUN,
                match_related=NIGHTLY,
                for_each={"prefect.resource.id"},
                threshold=1,
                within=deadline,
            ),
            f"a nightly run is not over {deadline} after it began",
        ),
        "tell of broken contracts": (
            EventTrigger(expect={CONTRACT_BROKEN}, posture=Posture.Reactive, threshold=1),
            "dump {{ event.payload.dump }} breaks its contracts: {{ event.payload.reason }}",
        ),
        "tell of promotions": (
            EventTrigger(expect={MODEL_PROMOTED}, posture=Posture.Reactive, threshold=1),
            "{{ event.payload.words }}",
        ),
        "tell of drift": (
            EventTrigger(expect={DRIFT}, posture=Posture.Reactive, threshold=1),
            "dump {{ event.payload.dump }} differs from what {{ event.payload.model }} learnt from: "
            "{{ event.payload.words }}",
        ),
    }
    for name, (trigger, text) in notices.items():
        call = CallWebhook(block_document_id=webhook, payload=_payload(text))
        yield AutomationCore(name=f"{PREFIX}{name}", trigger=trigger, actions=[call])


def _seen(events: set[str], related: dict[str, str]) -> EventTrigger:
    return EventTrigger(
        posture=Posture.Reactive,
        expect=events,
        match=RUN,
        match_related=related,
        for_each={"prefect.resource.id"},
        threshold=1,
    )


def _payload(text: str) -> str:
    """A template of JSON that chat services take as a message, with the event for machines."""
    return (
        f'{{% set text %}}{text}{{% endset %}}{{"text": {{{{ text | string | tojson }}}}, '
        '"event": {{ event.event | tojson }}, "resource": {{ event.resource.id | tojson }}}'
    )
