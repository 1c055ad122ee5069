"""What the command line tells of plans and runs, as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployments.server.session import ui_address
from rakuten.errors import ChampionError, InputError
from rakuten.outputs import OutputStore, StageOutput
from rakuten.outputs.stage_output import MANIFEST
from rakuten.pages.terminal import table, table_of
from rakuten.promotion.champions import ChampionBook
from rakuten.recipes.plan import Modality
from rakuten.runs.records import RunBook, RunRecord, Status
from rakuten.settings import Settings

if TYPE_CHECKING:
    from rakuten.runs.garbage_collection import Clearing
    from tasks.backfills import DumpPlan


def plan_lines(dumps: Sequence[str], plan: str, modality: Modality) -> list[str]:
    """What a retraining would do, a line a stage."""
    from flows.dry_run import expected_stages
    from rakuten.runs.planning import Expectation

    expected = expected_stages("retrain", dumps, plan, modality)

    def row(expectation: Expectation) -> list[str]:
        name = f"{expectation.stage} {expectation.label}".strip()
        pending = expectation.pending
        work = f" — {pending.items:,} of {pending.total:,} {pending.unit} are new" if pending else ""
        return [name, "cached" if expectation.cached else "run", expectation.reason + work]

    cached = sum(expectation.cached for expectation in expected)
    return [
        *table(["stage", "", "why"], [row(expectation) for expectation in expected]),
        "",
        f"{len(expected) - cached} of {len(expected)} stages would run, {cached} are cached",
    ]


def backfill_lines(plans: Sequence[DumpPlan]) -> list[str]:
    """What a backfill would do, a line a dump."""
    columns = ["dump", "stages", "cached", "images", "new", "minutes", ""]

    def row(plan: DumpPlan) -> list[Any]:
        remark = plan.refused or (f"and {plan.untimed} stages that never ran" if plan.untimed else "")
        return [plan.dump, plan.stages, plan.cached, plan.images, plan.new_images, plan.minutes, remark]

    minutes, images = sum(plan.minutes for plan in plans), sum(plan.new_images for plan in plans)
    untimed = " and what never ran" if any(plan.untimed for plan in plans) else ""
    total = f"{len(plans)} dumps, {images:,} new images, about {minutes:g} min of work{untimed}"
    return [*table(columns, [row(plan) for plan in plans]), "", total]


def clearing_lines(clearing: Clearing, keep: int, *, dry_run: bool) -> list[str]:
    """What is cleared away, and whether that is enough."""
    rows = [
        [item.kind, item.name, _in_units(item.size), f"{datetime.fromtimestamp(item.used, UTC):%Y-%m-%d %H:%M}"]
        for item in clearing.removed
    ]
    freed = sum(item.size for item in clearing.removed)
    would = "would be " if dry_run else ""
    lines = [*table(["", "what", "size", "last used"], rows), ""] if rows else []
    lines.append(f"{_in_units(freed)} {would}removed, {_in_units(clearing.kept_size)} {would}kept")
    if clearing.kept_size > keep:
        needed = _in_units(clearing.needed_size)
        lines.append(f"more than {_in_units(keep)} stays: {needed} are needed by recent runs or were used just now")
    return lines


def _in_units(size: int) -> str:
    for unit, bytes_ in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if size >= bytes_:
            return f"{size / bytes_:.1f} {unit}"
    return f"{size / 1000:.0f} kB"


def rate_lines(store: OutputStore, found: str, picture: str) -> list[str]:
    """What a search for a learning rate came to; the first line is as a recipe's [fit] wants it.

    Args:
        store: Where the outputs are.
        found, picture: Keys of the search and of its picture.
    """
    choice = StageOutput(key=found, folder=store.folder / found).read_json("choice.json")
    diverged = choice["diverged_at"]
    facts = {
        "why": choice["why"],
        **{f"at {trial['learning_rate']:.1e}": _trial(trial) for trial in choice["trials"]},
        "range test": f"{choice['found']:.1e}: {choice['why_found']}",
        "neighbours": f"vary by {choice['volatility']:.2g}, volatile beyond {choice['volatility_limit']:.2g}",
        "diverged": "not within the rates tried" if diverged is None else f"at {diverged:.2g}",
        "curve": store.folder / found / "curve.parquet",
        "picture": store.folder / picture / "curve.png",
    }
    width = max(map(len, facts))
    return [f"learning_rate = {choice['learning_rate']:.1e}", *(f"  {k.ljust(width)}  {v}" for k, v in facts.items())]


def _trial(trial: dict[str, Any]) -> str:
    """A short fit at one learning rate, in words."""
    own = ", the recipe's own" if trial["own"] else ""
    if trial["loss"] is None:
        return f"diverged{own}"
    return f"loss {trial['loss']:.3f}, weighted F1 {trial['f1_weighted']:.3f} after epoch {trial['epoch']}{own}"


def run_records(store: OutputStore, flow: str | None = None, limit: int | None = None) -> list[dict[str, Any]]:
    """Records of runs, newest first, with their state, seconds taken and whether they are the champion.

    Raises:
        InputError: If there are runs, and none of this flow.
    """
    book = RunBook(store)
    records = book.all()
    flows = sorted({record.flow for record in records})
    if flow is not None and records and flow not in flows:
        raise InputError(f"no run of a flow {flow!r}; there are runs of {', '.join(flows)}")
    champion = _champion_run(store)
    return [
        record.model_dump(mode="json")
        | {
            "status": book.status(record).value,
            "seconds": record.seconds,
            "champion": record.run == champion,
            "f1_weighted": _headline(record),
        }
        for record in records
        if flow in (None, record.flow)
    ][:limit]


def run_table(store: OutputStore, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lines of a table of `run_records`."""
    if not records:
        return [f"no runs in {store.folder} yet; make one with `rakuten retrain --dump DIR`"]

    def row(record: Mapping[str, Any]) -> list[Any]:
        parameters, mark = record["parameters"], "champion" if record["champion"] else ""
        dumps = ", ".join(filter(None, [parameters.get("dump"), *(parameters.get("more_dumps") or ())]))
        took = None if record["seconds"] is None else duration(record["seconds"])
        name, plan = record["flow"], record["plan"].get("name")
        return [record["run"], name, plan, record["status"], took, record["f1_weighted"], mark, dumps]

    header = ["run", "flow", "plan", "status", "took", "weighted F1", "", "dump"]
    return table(header, [row(record) for record in records])


def duration(seconds: float) -> str:
    """Seconds as a person reads them: `41 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def _champion_run(store: OutputStore) -> str | None:
    """The champion's run; None where there is none, or its record is damaged, which `rakuten champion` explains."""
    try:
        champion = ChampionBook(store.folder).read().champion
    except ChampionError:
        return None
    return champion.candidate.run if champion else None


def record_lines(store: OutputStore, run: str | None) -> list[str]:
    """One run, or the newest completed one that has scores: parameters, scores, files.

    Raises:
        RunNotFoundError: If there is no such run.
    """
    book = RunBook(store)
    record = book.find(run, scored=run is None)
    lines = [
        f"run {record.run} ({record.flow}) {book.status(record).value}",
        *(f"  {name} {value}" for name, value in record.parameters.items()),
        f"  from {record.started} to {record.finished or '–'}",
    ]
    if record.error:
        lines += ["", record.error]
    if record.scores:
        lines += ["", *table_of(record.scores)]
    if generated := _generated(book, record):
        lines.insert(1, f"  GENERATED DATA ({', '.join(generated)}): these scores say nothing about real products")
    # A study has a best model, and nothing that is decided by it.
    if record.key("decision") and not record.flow.startswith("study-"):
        lines += ["", f"{record.decision} decides; the report says why"]
    return [*lines, *_places(book, record)]


def champion_lines(store: OutputStore) -> list[str]:
    """The champion: what it is, since when, why, how it scores, and what a rollback would put in its place.

    Raises:
        NoChampionError: If nobody was promoted yet.
        ChampionError: If the record of the champion is damaged or lost.
    """
    book = ChampionBook(store.folder)
    standing, reign = book.read(), book.champion()
    candidate, decision = reign.candidate, reign.decision
    facts = {
        "plan": candidate.plan,
        "dump": f"{candidate.dump} (generated)" if candidate.generated else candidate.dump,
        "since": reign.since[:19].replace("T", " "),
        "why": decision.words,
        "previous": standing.previous.candidate.run if standing.previous else None,
        "package": store.folder / candidate.package,
    }
    lines = [f"champion {candidate.run}", *(f"  {name:<9} {value or '–'}" for name, value in facts.items())]
    if candidate.scores:
        lines += ["", *table(list(candidate.scores), [list(candidate.scores.values())])]
    if decision.checks:
        rows = [[check.name, "yes" if check.passed else "NO", check.words] for check in decision.checks]
        lines += ["", *table(["check", "passed", "why"], rows)]
    return lines


def drift_lines(store: OutputStore, run: str) -> list[str]:
    """What a run measured of a dump's drift.

    Raises:
        RunNotFoundError: If there is no such run, or what it measured is gone.
    """
    from rakuten.promotion.drift import read_drift, tell_drift

    book = RunBook(store)
    record = book.find(run, flow="drift")
    measured = book.output(record, "drift")
    asked = f"{record.parameters['dump']} against what {record.parameters['model']} learnt from"
    return [asked, "", *table_of(read_drift(measured)), "", *tell_drift(measured)]


def decision_lines(store: OutputStore) -> list[str]:
    """Every decision, newest first.

    Raises:
        ChampionError: If the record of the champion is damaged or lost.
    """
    decisions = ChampionBook(store.folder).decisions()
    rows = [[found.decided[:19].replace("T", " "), found.words] for found in reversed(decisions)]
    return table(["decided", "what and why"], rows)


def _generated(book: RunBook, record: RunRecord) -> list[str]:
    """Names of the dumps of a run whose products are generated, as far as its outputs are there to tell."""
    made = book.outputs(record)
    for output in (made.report, made.snapshot):
        if output and (output.folder / MANIFEST).is_file():
            found = output.facts.get("generated")
            return [Path(record.parameters["dump"]).name] if found is True else list(found or ())
    return []


def _headline(record: RunRecord) -> float | None:
    """Weighted F1 of what the run predicts with."""
    scores = {row.get("model"): row.get("f1_weighted") for row in record.scores}
    return scores.get(record.decision)


def _places(book: RunBook, record: RunRecord) -> list[str]:
    if book.status(record) is Status.RUNNING or not record.outputs:
        return []
    made = book.outputs(record)
    places: dict[str, object] = {}
    if made.report:
        places["report"] = made.report.folder / "report.html"
    if made.validations:
        places["quarantine"] = made.validations[0].folder / "quarantine.csv"
    if made.validation_pages:
        places["validation"] = made.validation_pages[0].folder / "validation.html"
    if made.package:
        places["model package"] = made.package.folder
    places |= {f"model {name}": model.folder for name, model in made.models.items()}
    if record.flow_run:
        places["prefect ui"] = f"{ui_address(Settings())}/runs/flow-run/{record.flow_run} (while `rakuten ui` runs)"
    width = max(map(len, places), default=0)
    return ["", *(f"{name.ljust(width)}  {place}" for name, place in places.items())]
