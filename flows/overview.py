"""What the command line tells of plans and runs, as lines."""

from flows.console import table
from flows.prefect_server import ui_address
from rakuten.outputs import OutputStore
from rakuten.outputs.runs import RunBook, RunRecord, Status
from rakuten.promotion.champions import ChampionBook
from rakuten.recipes.plan import Modality
from rakuten.settings import Settings


def plan_lines(dump: str, plan: str, modality: Modality) -> list[str]:
    """What a retraining would do, a line a stage."""
    from flows.retrain import compose
    from rakuten.recipes import load_plan
    from tasks.dumps import open_dump
    from tasks.models import recipes_for
    from tasks.planning import Expectation, planning

    chosen = load_plan(plan)
    store = OutputStore(Settings().outputs_folder)
    with planning(store) as planner:
        opened = open_dump(dump)
        compose(opened, chosen, recipes_for(chosen, modality, opened))
    expected = planner.expectations

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


def run_lines(store: OutputStore) -> list[str]:
    """All runs, newest first."""
    book = RunBook(store)
    records = book.all()
    if not records:
        return [f"no runs in {store.folder} yet; make one with `rakuten retrain --dump DIR`"]
    rows = [[record.run, book.status(record).value, _headline(record), record.parameters["dump"]] for record in records]
    return table(["run", "status", "weighted F1", "dump"], rows)


def record_lines(store: OutputStore, run: str | None) -> list[str]:
    """One run, or the newest completed one: parameters, scores, files.

    Raises:
        RunNotFoundError: If there is no such run.
    """
    book = RunBook(store)
    record = book.find(run)
    lines = [
        f"run {record.run} ({record.flow}) {book.status(record).value}",
        *(f"  {name} {value}" for name, value in record.parameters.items()),
        f"  from {record.started} to {record.finished or '–'}",
    ]
    if record.error:
        lines += ["", record.error]
    if record.scores:
        columns = list(record.scores[0])
        lines += ["", *table(columns, [[row[name] for name in columns] for row in record.scores])]
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
        "dump": candidate.dump,
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


def decision_lines(store: OutputStore) -> list[str]:
    """Every decision, newest first.

    Raises:
        ChampionError: If the record of the champion is damaged or lost.
    """
    decisions = ChampionBook(store.folder).decisions()
    rows = [[found.decided[:19].replace("T", " "), found.words] for found in reversed(decisions)]
    return table(["decided", "what and why"], rows)


def _headline(record: RunRecord) -> float | None:
    """Weighted F1 of what the run predicts with."""
    scores = {row["model"]: row["f1_weighted"] for row in record.scores}
    return scores.get(record.decision)


def _places(book: RunBook, record: RunRecord) -> list[str]:
    if book.status(record) is Status.RUNNING or not record.outputs:
        return []
    folders = {role: book.store.folder / key for role, key in record.outputs.items()}
    places: dict[str, object] = {}
    if "report" in folders:
        places["report"] = folders["report"] / "report.html"
    if "validation" in folders:
        places["quarantine"] = folders["validation"] / "quarantine.parquet"
        places["data docs"] = folders["validation"] / "data_docs" / "index.html"
    places |= {role: folder for role, folder in folders.items() if role.startswith("model ")}
    if record.flow_run:
        places["prefect ui"] = f"{ui_address(Settings())}/runs/flow-run/{record.flow_run} (while `rakuten ui` runs)"
    width = max(map(len, places), default=0)
    return ["", *(f"{name.ljust(width)}  {place}" for name, place in places.items())]
