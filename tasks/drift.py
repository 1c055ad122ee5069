"""What a measured drift shows and tells."""

from collections.abc import Mapping

from rakuten.outputs import StageOutput
from rakuten.pages.markdown import escape_markdown
from rakuten.promotion.drift import read_alarms, read_drift, tell_drift
from rakuten.runs.records import RunBook, RunRecord, Status
from rakuten.statistics.population_shift import TOO_FEW
from tasks.observability.events import tell_of_drift
from tasks.observability.publishing import publish_markdown, publish_table
from tasks.runs import run_book

FLOW = "drift"


def publish_drift(record: RunRecord, drift: StageOutput) -> None:
    """Show a dump's drift; alarms that no run told of before are an event, too.

    Args:
        record: The run that measured it.
        drift: What it measured.
    """
    dump, alarms = record.parameters["dump"].rpartition("/")[2], read_alarms(drift)
    publish_table(read_drift(drift), key="drift", description=f"{dump} against {record.parameters['model']}")
    lines = [f"- {escape_markdown(line)}" for line in tell_drift(drift)]
    publish_markdown("\n".join([f"# Drift of {escape_markdown(dump)}", *lines]), key="drift-alarms")
    if alarms and not _told_before(run_book(), drift.key):
        tell_of_drift(dump, record.parameters["model"], alarms)


def drift_of(record: RunRecord, book: RunBook) -> str | None:
    """Drift of a run's dump in short: names of what alarms, "none", or how much cannot be told; None: not measured."""
    snapshot = record.key("snapshot")
    for measured in book.all():
        if measured.flow == FLOW and measured.status is Status.COMPLETED and measured.key("snapshot") == snapshot:
            return _in_short(book.output(measured, "drift").facts)
    return None


def _in_short(facts: Mapping[str, object]) -> str:
    if facts["alarms"]:
        return str(facts["alarms"])
    too_few = str(facts.get("too_few") or "")
    return f"none, {len(too_few.split(', '))} of {facts['measures']} {TOO_FEW}" if too_few else "none"


def _told_before(book: RunBook, key: str) -> bool:
    ended = (record for record in book.all() if record.flow == FLOW and record.status is Status.COMPLETED)
    return any(record.key("drift") == key for record in ended)
