"""Definitions of this project's automations: runs to mark as crashed, and notices to a webhook."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from prefect.automations import AutomationCore
from prefect.client.schemas.objects import StateType
from prefect.events.actions import CallWebhook, ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture

from deployments.server.environment import HEARTBEAT_SECONDS, MARK, MARKS, PREFIX
from tasks.observability.events import CONTRACT_BROKEN, DRIFT, MODEL_PROMOTED, RUNS_MISSED

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
FAILED = {f"prefect.flow-run.{name}" for name in ("Failed", "Crashed", "TimedOut")}
RUN = {"prefect.resource.id": "prefect.flow-run.*"}
# Runs inside a run have no deployment: of them their parent is told.
DEPLOYED = {"prefect.resource.role": "deployment"}
NIGHTLY = {**DEPLOYED, "prefect.resource.name": "nightly"}

# A trigger, and the template of the message.
Notice = tuple[EventTrigger, str]


def marks() -> Iterator[AutomationCore]:
    """Automations that mark runs as crashed."""
    yield AutomationCore(
        name=MARK,
        description="A run whose process is gone is marked crashed, so that it holds nothing up.",
        trigger=_absent({BEATS}, {BEATS, *ENDS}, DEAD_AFTER),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message="its process is gone: no heartbeat")],
    )
    yield AutomationCore(
        name=f"{MARKS}that never began",
        description="A run whose worker is gone before the run began is marked crashed, so that it holds no slot.",
        trigger=_absent(SUBMITTED, {*SUBMITTED, BEGINS, BEATS, *ENDS}, BEGINS_WITHIN),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=f"it did not begin within {BEGINS_WITHIN}")],
    )


def notices(webhook: UUID, deadline: timedelta) -> Iterator[AutomationCore]:
    """Automations that post a message.

    Args:
        webhook: Id of the block with the address.
        deadline: How long a nightly run may take.
    """
    for name, (trigger, text) in {**_notices_of_runs(deadline), **_notices_of_events()}.items():
        call = CallWebhook(block_document_id=webhook, payload=_payload(text))
        yield AutomationCore(name=f"{PREFIX}{name}", trigger=trigger, actions=[call])


def _notices_of_runs(deadline: timedelta) -> dict[str, Notice]:
    run = "{{ flow.name }} {{ flow_run.name }}"
    return {
        "tell of failed runs": (
            _seen(FAILED, DEPLOYED),
            f"{run} {{{{ flow_run.state.name }}}}: {{{{ flow_run.state.message }}}}",
        ),
        "tell of late nightly runs": (
            _seen({"prefect.flow-run.Late"}, NIGHTLY),
            f"{run} is late: no worker has begun it",
        ),
        "tell of cancelled nightly runs": (
            _seen({"prefect.flow-run.Cancelled"}, NIGHTLY),
            f"{run} did not take place or was cancelled: {{{{ flow_run.state.message }}}}",
        ),
        "tell of nightly runs past their deadline": (
            # Prefect 3.8 does not see an event that is only waited for `after`.
            _absent({BEGINS}, {BEGINS, *ENDS}, deadline, NIGHTLY),
            f"a nightly run is not over {deadline} after it began",
        ),
    }


def _notices_of_events() -> dict[str, Notice]:
    return {
        "tell of missed nightly runs": (
            _emitted(RUNS_MISSED, {"prefect.resource.name": "nightly"}),
            "{{ event.payload.words }}",
        ),
        "tell of broken contracts": (
            _emitted(CONTRACT_BROKEN),
            "dump {{ event.payload.dump }} breaks its contracts: {{ event.payload.reason }}",
        ),
        "tell of promotions": (_emitted(MODEL_PROMOTED), "{{ event.payload.words }}"),
        "tell of drift": (
            _emitted(DRIFT),
            "dump {{ event.payload.dump }} differs from what {{ event.payload.model }} learnt from: "
            "{{ event.payload.words }}",
        ),
    }


def _seen(events: set[str], related: dict[str, str]) -> EventTrigger:
    """Trigger on one of several events of a run."""
    return EventTrigger(
        posture=Posture.Reactive,
        expect=events,
        match=RUN,
        match_related=related,
        for_each={"prefect.resource.id"},
        threshold=1,
    )


def _absent(
    after: set[str], expected: set[str], within: timedelta, related: dict[str, str] | None = None
) -> EventTrigger:
    """Trigger where a run has none of the expected events in time."""
    return EventTrigger(
        posture=Posture.Proactive,
        after=after,
        expect=expected,
        match=RUN,
        match_related=related or {},
        for_each={"prefect.resource.id"},
        threshold=1,
        within=within,
    )


def _emitted(event: str, match: dict[str, str] | None = None) -> EventTrigger:
    """Trigger on each event of a name."""
    return EventTrigger(expect={event}, match=match or {}, posture=Posture.Reactive, threshold=1)


def _payload(text: str) -> str:
    """A template of JSON that chat services take as a message, with the event for machines.

    Slack reads `<!channel>` and `<https://…>` in a text as commands, and names and reasons come from outside.
    """
    return (
        f'{{% set text %}}{text}{{% endset %}}{{"text": {{{{ text | string | replace("<", "‹") | tojson }}}}, '
        '"event": {{ event.event | tojson }}, "resource": {{ event.resource.id | tojson }}}'
    )
