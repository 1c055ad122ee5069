"""The watch-catalogue flow: notices dumps that have arrived, so that deployments can wait for them."""

from flows.declaring import project_flow
from tasks.arrivals import tell_of_arrivals
from tasks.catalogue import open_catalogue


@project_flow("watch-catalogue")
def watch_catalogue(catalogue: str = "") -> list[str]:
    """Emit an event `rakuten.dump.arrived` for each complete dump of a catalogue that was never told of.

    Args:
        catalogue: Folder of dumps; empty: the folder RAKUTEN_CATALOGUE of the machine that runs it.

    Returns:
        Names of the dumps told.
    """
    return tell_of_arrivals(open_catalogue(catalogue))
