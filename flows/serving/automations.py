"""What the server watches for: runs that died, and what people want to be told of. Needs a server to talk to."""

import logging
from collections.abc import Iterator
from datetime import timedelta

from prefect import get_client
from prefect.automations import AutomationCore
from prefect.blocks.webhook import Webhook
from prefect.client.schemas.objects import StateType
from prefect.events.actions import CallWebhook, ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture

from flows.serving.environment import HEARTBEAT_SECONDS, MARK, PREFIX
from rakuten.settings import Settings
from tasks.events import CONTRACT_BROKEN, DRIFT, MODEL_PROMOTED

logger = logging.getLogger("rakuten.serving")

WEBHOOK = "rakuten-notifications"
# Three heartbeats in a row that nobody heard.
DEAD_AFTER = timedelta(seconds=3 * HEARTBEAT_SECONDS)
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


def set_up_automations(settings: Settings) -> None:
    """Create this project's automations or bring them up to date; what people switched off stays so.

    Only the mark on runs that died is switched on in any case: a stop switches it off, see `serve`.
    """
    wanted = {automation.name: automation for automation in _automations(settings)}
    with get_client(sync_client=True) as client:
        present = {found.name: found for found in client.read_automations() if found.name.startswith(PREFIX)}
        for name, automation in wanted.items():
            if name in present:
                automation.enabled = present[name].enabled or name == MARK
                client.update_automation(present[name].id, automation)
            else:
                client.create_automation(automation)
        for name in present.keys() - wanted.keys():
            client.delete_automation(present[name].id)


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
    if settings.webhook is None:
        logger.warning("nobody is told of failures: RAKUTEN_WEBHOOK is not set")
        return
    webhook = Webhook(method="POST", url=settings.webhook).save(WEBHOOK, overwrite=True)
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
