"""What the command line tells of two runs beside each other, as lines."""

from typing import Any

from rakuten.catalogue.classes import LABELS
from rakuten.evaluation.compare import COMPARISON, FLIPS, compare_runs
from rakuten.outputs import OutputStore, StageOutput
from rakuten.pages.terminal import table
from rakuten.runs.records import RunBook, Status
from rakuten.runs.run_outputs import RunOutputs
from tasks.orchestration.outputs_lock import using_outputs

SCORES = {"f1_weighted": "weighted F1", "f1_macro": "macro F1", "accuracy": "accuracy"}


def comparison_lines(store: OutputStore, first: str, second: str) -> list[str]:
    """Compare what two runs decide with, on the test products of both.

    Raises:
        RunNotFoundError: If there is no such run, or it ended without an evaluation.
        InputError: If the runs have no test product in common.
        OutputError: If a run was made by a version that kept no predictions.
    """
    book = RunBook(store)
    records = [book.find(run) for run in (first, second)]
    evaluations = [book.evaluation(record) for record in records]
    with using_outputs():
        output = store.run(compare_runs, first=evaluations[0], second=evaluations[1])
        # Recorded, so that `rakuten gc` keeps what is shown here.
        opened = book.open("compare", parameters={"first": records[0].run, "second": records[1].run})
        made = {role: made.key for role, made in RunOutputs(comparison=output).to_roles().items()}
        book.close(opened, Status.COMPLETED, outputs=made)
    found = output.read_json(COMPARISON)
    names = [f"{record.run}, {record.decision}" for record in records]
    return [
        f"first   {names[0]}",
        f"second  {names[1]}",
        *_rows_compared(found),
        "",
        *_scores(found),
        "",
        *_flips(found, output),
        "",
        *_classes(found),
    ]


def _rows_compared(found: dict[str, Any]) -> list[str]:
    apart = f"{found['only_first']:,} are only the first's, {found['only_second']:,} only the second's"
    relabelled = f", {found['relabelled']:,} have another class in each" if found["relabelled"] else ""
    return [f"        {found['rows']:,} test products of both are compared; {apart}{relabelled}"]


def _scores(found: dict[str, Any]) -> list[str]:
    rows = [[SCORES[name], *_both(score), *_difference(score)] for name, score in found["scores"].items()]
    word = found["scores"]["f1_weighted"]["word"]
    conclusion = word if word == "no difference shown" else f"the second is {word}"
    test = found["mcnemar"]
    return [
        *table(["", "first", "second", "difference", "95 % interval", "second is"], rows),
        "",
        f"weighted F1: {conclusion}",
        f"McNemar: {test['only_first_right']:,} right in the first alone, {test['only_second_right']:,} in the second "
        f"alone; mid-p {test['mid']:.4f}, exact p {test['exact']:.4f}",
    ]


def _flips(found: dict[str, Any], output: StageOutput) -> list[str]:
    test = found["mcnemar"]
    return [
        f"{test['only_first_right']:,} products went from right to wrong, {test['only_second_right']:,} from wrong to "
        f"right, {found['changed_wrong']:,} from wrong to wrong otherwise",
        f"which: {output.file(FLIPS)}",
    ]


def _classes(found: dict[str, Any]) -> list[str]:
    changed = [row for row in found["classes"] if row["difference"]]
    if not changed:
        return ["F1 is the same in every class"]
    rows = [
        [row["prdtypecode"], LABELS[row["prdtypecode"]], row["support"], *_both(row), *_difference(row)]
        for row in sorted(changed, key=lambda row: row["difference"])
    ]
    return [
        *table(["class", "", "products", "first", "second", "difference", "interval", "second is"], rows),
        f"F1 of {len(found['classes']) - len(changed)} other classes is the same in both; the intervals of all classes "
        "hold together with 95 % (max-t bootstrap)",
    ]


def _both(row: dict[str, Any]) -> list[float]:
    return [round(row["first"], 4), round(row["second"], 4)]


def _difference(row: dict[str, Any]) -> list[str]:
    low, high = row["interval"]
    return [f"{row['difference']:+.4f}", f"{low:+.4f} … {high:+.4f}", row["word"]]
