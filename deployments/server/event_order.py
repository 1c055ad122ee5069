"""In which order a server's automations see events; Prefect is given this module by a setting of its own.

Prefect 3.8 has an event wait for the one it follows, for up to 15 minutes. Runs of a schedule follow an event that is
never sent: their state "Scheduled" is written without one. Automations would see such a run begin and end a quarter of
an hour late, and its heartbeats at once, so that it seems to have died.
"""

from prefect.server.events.ordering import memory
from prefect.server.events.schemas.events import ReceivedEvent


class CausalOrdering(memory.CausalOrdering):
    """Prefect's order, in which nothing waits for a run to have been scheduled."""

    async def wait_for_leader(self, event: ReceivedEvent) -> None:
        """Come back when an event may be handled.

        Raises:
            EventArrivedEarly: If it must wait for the one that it follows.
        """
        before = event.payload.get("initial_state") or {}
        if before.get("type") != "SCHEDULED":
            await super().wait_for_leader(event)
