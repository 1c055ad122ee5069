"""What the command line tells of plans and runs, as lines."""

from flows.console import table
from flows.prefect_server import ui_address
from rakuten.outputs import OutputStore, StageOutput
from rakuten.outputs.runs import RunBook, RunRecord, Status
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
        "neighbours": f"vary by {choice['volatility']:.2g}, volatile beyond {choice['volatility_limit']:.2g}",
        "diverged": "not within the rates tried" if diverged is None else f"at {diverged:.2g}",
        "curve": store.folder / found / "curve.parquet",
        "picture": store.folder / picture / "curve.png",
    }
    width = max(map(len, facts))
    return [f"learning_rate = {choice['learning_rate']:.1e}", *(f"  {k.ljust(width)}  {v}" for k, v in facts.items())]


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
