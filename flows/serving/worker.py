"""Prefect's worker as this project runs it: its log says in words why a run did not begin.

`python -m flows.serving.worker …` is `prefect …`.
"""

import logging
import runpy
import sys

REFUSED = "Aborted submission"
LOGGER = "prefect.flow_runs.worker"


class RefusedRuns(logging.Filter):
    """Rewrites Prefect's line on a run that the server did not let begin.

    A run that waits for its turn is asked for every half minute: that line is dropped.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False for lines that are dropped."""
        message = record.getMessage()
        if not message.startswith(REFUSED):
            return True
        run = getattr(record, "flow_run_name", "a run")
        record.msg, record.args = f"{run} is skipped: another run of its deployment is at work", ()
        return "CANCELLED" in message


def main() -> None:
    """Run `prefect` with the arguments given."""
    logging.getLogger(LOGGER).addFilter(RefusedRuns())
    sys.argv = ["prefect", *sys.argv[1:]]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
