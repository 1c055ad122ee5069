"""Events of this project that deployments and automations wait for."""

import time
from typing import Any

from prefect import get_client
from prefect.events import emit_event
from prefect.events.filters import EventFilter, EventIDFilter

from rakuten.errors import EventError

DUMP_ARRIVED = "rakuten.dump.arrived"
CONTRACT_BROKEN = "rakuten.contract.broken"
RECORDED_WITHIN_SECONDS = 30.0


def tell_of_dump(name: str, digest: str, path: str) -> None:
    """Emit that a dump has arrived, and see that the server has recorded it.

    Args:
        name: The dump's name in its catalogue.
        digest: Of its content.
        path: Its folder.

    Raises:
        EventError: If no server records it in time.
    """
    event = emit_event(
        DUMP_ARRIVED,
        resource={"prefect.resource.id": f"rakuten.dump.{name}", "prefect.resource.name": name},
        payload={"name": name, "digest": digest, "path": path, "catalogue": path.rpartition("/")[0]},
    )
    if event is None:
        raise EventError(f"dump {name}: this Prefect API takes no events")
    wanted = EventFilter(id=EventIDFilter(id=[event.id])).model_dump(mode="json")
    deadline = time.monotonic() + RECORDED_WITHIN_SECONDS
    with get_client(sync_client=True) as client:
        while time.monotonic() < deadline:
            if client.request("POST", "/events/filter", json={"filter": wanted, "limit": 1}).json()["events"]:
                return
            time.sleep(0.5)
    raise EventError(f"dump {name}: its event was not recorded within {RECORDED_WITHIN_SECONDS:.0f} s")


def tell_of_broken_contract(dump: str, reason: str) -> None:
    """Emit that a dump breaks its contracts.

    Args:
        dump: The dump's name.
        reason: What is broken, one line.
    """
    payload: dict[str, Any] = {"dump": dump, "reason": reason}
    emit_event(CONTRACT_BROKEN, resource={"prefect.resource.id": f"rakuten.dump.{dump}"}, payload=payload)
