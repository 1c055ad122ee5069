"""Prefect's worker: `python -m deployments.worker …` is `prefect worker start …` with fewer log lines.

A worker asks the server for each run that is due. Where the answer is that the run has to wait, or is skipped because
one like it is at work, Prefect logs "Aborted submission … non-pending state". The state of the run says the same.
"""

import logging
import runpy
import sys

REFUSED = "Aborted submission of flow run"


def is_worth_showing(record: logging.LogRecord) -> bool:
    """Log filter: all but runs that the server did not let begin."""
    return not record.getMessage().startswith(REFUSED)


def main() -> None:
    """Work until told to stop."""
    logging.getLogger("prefect.flow_runs.worker").addFilter(is_worth_showing)
    sys.argv = ["prefect", "worker", "start", *sys.argv[1:]]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
