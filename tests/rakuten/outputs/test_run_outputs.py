"""Outputs of a run under their roles: the same names as ever, read back as they were written."""

from pathlib import Path

from rakuten.outputs import StageOutput
from rakuten.runs.run_outputs import FindingOutputs, RunOutputs


def made(name: str) -> StageOutput:
    return StageOutput(f"{name}-v1-0", Path("outputs") / f"{name}-v1-0")


FINDINGS = ("differences", "slices", "near_twins", "label_errors", "duplicates", "examples")

RETRAINED = RunOutputs(
    snapshot=made("snapshot"),
    validations=(made("validation"), made("validation_2")),
    validation_pages=(made("page"), made("page_2")),
    clean=made("clean"),
    clean_contract=made("contract"),
    split=made("split"),
    corpus_words=made("words"),
    models={"text_dnn": made("dnn")},
    refitted={"text_dnn": made("refitted")},
    fusions={"best model alone": made("single"), "max vote": made("max")},
    evaluations={"text_dnn": made("evaluated"), "max vote": made("evaluated_max")},
    decision=made("decision"),
    findings=FindingOutputs(**{name: made(name) for name in FINDINGS}),
    report=made("report"),
    package=made("package"),
)


def test_the_roles_of_a_retraining_are_those_that_older_records_have() -> None:
    assert {role: output.key.partition("-")[0] for role, output in RETRAINED.to_roles().items()} == {
        "snapshot": "snapshot",
        "validation": "validation",
        "validation 2": "validation_2",
        "validation page": "page",
        "validation page 2": "page_2",
        "clean": "clean",
        "clean contract": "contract",
        "split": "split",
        "corpus words": "words",
        "model text_dnn": "dnn",
        "refitted text_dnn": "refitted",
        "best model alone": "single",
        "max vote": "max",
        "evaluation text_dnn": "evaluated",
        "evaluation max vote": "evaluated_max",
        "decision": "decision",
        "differences": "differences",
        "slices": "slices",
        "near twins": "near_twins",
        "label errors": "label_errors",
        "duplicates": "duplicates",
        "examples": "examples",
        "report": "report",
        "package": "package",
    }


def test_outputs_are_read_back_from_their_roles() -> None:
    assert RunOutputs.from_roles(RETRAINED.to_roles()) == RETRAINED


def test_outputs_of_other_flows_are_read_back_too() -> None:
    study = RunOutputs(
        snapshot=made("snapshot"),
        steps={"selection": made("selection")},
        images={"image_vgg16": made("features")},
        report=made("study"),
    )
    assert RunOutputs.from_roles(study.to_roles()) == study
    drift = RunOutputs(snapshot=made("snapshot"), drift=made("drift"), page=made("page"))
    assert RunOutputs.from_roles(drift.to_roles()) == drift


def test_the_decision_of_an_older_record_stands_among_the_evaluations() -> None:
    older = RunOutputs.from_roles({"evaluation decision": made("decided"), "evaluation max vote": made("max")})
    assert set(older.evaluations) == {"decision", "max vote"}


def test_a_record_with_some_of_the_findings_is_read() -> None:
    some = RunOutputs.from_roles({"slices": made("slices"), "report": made("report")})
    assert some.report == made("report")
    assert some.findings is None
