"""The process of one flow run that a worker started: `python -m deployments.run_process`.

Prefect's own outlives a killed worker, and once cancelled waits for the threads of tasks that go on. This one is told
to end when its worker dies, and leaves as soon as Prefect has recorded how the run ended; its trainings die with it.
"""

import os
import runpy
import signal
import sys
import threading
import time

from deployments.server.flush_events import hand_over
from rakuten.outputs.parent_death_signal import die_with_parent

# As long as Prefect may take to record that a run was told to end.
END_SECONDS = 20.0


def main() -> None:
    """Run the flow run that PREFECT__FLOW_RUN_ID names."""
    worker = os.getppid()
    die_with_parent(signal.SIGTERM)
    if os.getppid() != worker:
        sys.exit("the worker died before its run began")
    threading.Thread(target=_end_with, args=(worker,), daemon=True).start()
    code = 1
    try:
        runpy.run_module("prefect.engine", run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        # Whatever ended the run, Prefect has logged it.
        hand_over()
        os._exit(code)


def _end_with(worker: int) -> None:
    """Make an end when the worker is gone and telling the server of it takes too long: it may be gone, too."""
    while os.getppid() == worker:
        time.sleep(1)
    time.sleep(END_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    main()
