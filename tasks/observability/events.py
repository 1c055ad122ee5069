"""Events of this project that deployments and automations wait for."""

import time
from typing import TypedDict

from prefect import get_client
from prefect.client.orchestration import SyncPrefectClient
from prefect.events import EventTrigger, emit_event
from prefect.events.filters import EventFilter, EventIDFilter, EventNameFilter, EventRelatedFilter

from rakuten.errors import EventError
from rakuten.promotion.decisions import Decision, Outcome

DUMP_ARRIVED = "rakuten.dump.arrived"
CONTRACT_BROKEN = "rakuten.contract.broken"
MODEL_PROMOTED = "rakuten.model.promoted"
MODEL_REFUSED = "rakuten.model.refused"
DRIFT = "rakuten.drift"
RUNS_MISSED = "rakuten.runs.missed"
HEARD_WITHIN_SECONDS = 30.0


class Filters(TypedDict, total=False):
    """Conditions on events, as `EventFilter` takes them."""

    id: EventIDFilter
    event: EventNameFilter
    related: EventRelatedFilter


def tell_of_dump(name: str, digest: str, path: str) -> None:
    """Emit that a dump has arrived, and see that every automation that waits for it has acted.

    Args:
        name: The dump's name in its catalogue.
        digest: Of its content.
        path: Its folder.

    Raises:
        EventError: If the event is not recorded, or not acted upon, in time; a busy SQLite can lose one.
    """
    event = emit_event(
        DUMP_ARRIVED,
        resource={"prefect.resource.id": f"rakuten.dump.{name}", "prefect.resource.name": name},
        payload={"name": name, "digest": digest, "path": path, "catalogue": path.rpartition("/")[0]},
    )
    if event is None:
        raise EventError(f"dump {name}: this Prefect API takes no events")
    recorded: Filters = {"id": EventIDFilter(id=[event.id])}
    acted: Filters = {
        "event": EventNameFilter(name=["prefect.automation.action.executed"]),
        "related": EventRelatedFilter(id=[f"prefect.event.{event.id}"]),
    }
    with get_client(sync_client=True) as client:
        wanted = {"recorded": (recorded, 1), "acted upon": (acted, _automations_for(client, DUMP_ARRIVED))}
        deadline = time.monotonic() + HEARD_WITHIN_SECONDS
        for what, (filters, count) in wanted.items():
            while _count(client, filters) < count:
                if time.monotonic() > deadline:
                    raise EventError(f"dump {name}: its event was not {what} within {HEARD_WITHIN_SECONDS:.0f} s")
                time.sleep(0.5)


def _automations_for(client: SyncPrefectClient, event: str) -> int:
    """How many automations that are switched on wait for an event by its name."""
    return sum(
        automation.enabled and isinstance(automation.trigger, EventTrigger) and event in automation.trigger.expect
        for automation in client.read_automations()
    )


def _count(client: SyncPrefectClient, filters: Filters) -> int:
    # Made anew each time: a filter ends at the moment it is made.
    body = {"filter": EventFilter(**filters).model_dump(mode="json"), "limit": 50}
    return len(client.request("POST", "/events/filter", json=body).json()["events"])


def tell_of_broken_contract(dump: str, reason: str) -> None:
    """Emit that a dump breaks its contracts.

    Args:
        dump: The dump's name.
        reason: What is broken, one line.
    """
    payload: dict[str, object] = {"dump": dump, "reason": reason}
    emit_event(CONTRACT_BROKEN, resource={"prefect.resource.id": f"rakuten.dump.{dump}"}, payload=payload)


def tell_of_decision(decision: Decision) -> None:
    """Emit that a challenger was promoted or refused, and why."""
    emit_event(
        MODEL_PROMOTED if decision.outcome is Outcome.PROMOTED else MODEL_REFUSED,
        resource={"prefect.resource.id": f"rakuten.model.{decision.candidate.run}"},
        payload={
            "run": decision.candidate.run,
            "package": decision.candidate.package,
            "against": decision.against,
            "forced": decision.forced,
            "words": decision.words,
        },
    )


def tell_of_drift(dump: str, model: str, alarms: list[str]) -> None:
    """Emit that a dump differs from the one that a model learnt from.

    Args:
        dump: The dump's name.
        model: The model's run.
        alarms: What differs, a line each.
    """
    payload = {"dump": dump, "model": model, "alarms": alarms, "words": "; ".join(alarms)}
    emit_event(DRIFT, resource={"prefect.resource.id": f"rakuten.dump.{dump}"}, payload=payload)


def emit_runs_missed(deployment: str, deployment_id: str, times: list[str], words: str) -> None:
    """Emit that runs of a schedule did not take place.

    Args:
        deployment: The deployment's name.
        deployment_id: Its id.
        times: When they were due, ISO 8601 with zone.
        words: The same as a sentence.
    """
    resource = {"prefect.resource.id": f"prefect.deployment.{deployment_id}", "prefect.resource.name": deployment}
    emit_event(RUNS_MISSED, resource=resource, payload={"deployment": deployment, "times": times, "words": words})
