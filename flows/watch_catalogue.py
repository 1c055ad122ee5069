"""The watch-catalogue flow: notices dumps that have arrived, so that deployments can wait for them."""

import time

from tasks.arrivals import tell_of_arrivals
from tasks.catalogue import open_catalogue
from tasks.orchestration.project_flow import project_flow

# Prefect 3.8 sends the first heartbeat of a run beside it. One that is sent after the run's end is followed by nothing,
# as if the run had died, and this flow would otherwise be over before.
FIRST_HEARTBEAT_SECONDS = 1.0


@project_flow("watch-catalogue")
def watch_catalogue(catalogue: str = "") -> list[str]:
    """Emit an event `rakuten.dump.arrived` for each complete dump of a catalogue that was never told of.

    Args:
        catalogue: Folder of dumps; empty: the folder RAKUTEN_CATALOGUE of the machine that runs it.

    Returns:
        Names of the dumps told.
    """
    told = tell_of_arrivals(open_catalogue(catalogue))
    time.sleep(FIRST_HEARTBEAT_SECONDS)
    return told
