"""Letting Prefect's background threads send what they hold before their process, or its server, ends."""

HAND_OVER_SECONDS = 10.0


def hand_over() -> None:
    """Send events and log lines that wait; once the server is gone Prefect would try for minutes."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for worker in (EventsWorker, APILogWorker):
        worker.drain_all(timeout=HAND_OVER_SECONDS)
