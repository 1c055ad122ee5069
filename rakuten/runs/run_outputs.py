"""Outputs of a run as one typed object, and the names (roles) under which run.json keeps their keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, get_args

from rakuten.outputs.stage_output import StageOutput

Outputs = Mapping[str, StageOutput]

# Roles of single outputs: the field of `RunOutputs` or `FindingOutputs`, blanks for underscores.
FindingRole = Literal["differences", "slices", "near twins", "label errors", "duplicates", "examples", "thumbnails"]
Role = (
    Literal[
        "snapshot", "validation", "validation page", "clean", "clean contract", "split", "corpus words", "decision",
        "report", "package", "submission", "predictions contract", "drift", "exploration", "comparison", "found",
        "picture", "page",
    ]
    | FindingRole
)  # fmt: skip

# Fields of several outputs, by the word their roles begin with: "model text_dnn", "validation", "validation 2".
_NAMED = {"model": "models", "refitted": "refitted", "evaluation": "evaluations", "images": "images", "step": "steps"}
_NUMBERED = {"validation": "validations", "validation page": "validation_pages"}


@dataclass(frozen=True)
class FindingOutputs:
    """Outputs that explain the score of a decision.

    Attributes:
        differences: `compare_models`.
        slices: `score_slices`.
        near_twins, label_errors, duplicates: Of the stages `find_…`.
        examples: `pick_examples`.
        thumbnails: `cut_thumbnails`; None: no dump has images.
    """

    differences: StageOutput
    slices: StageOutput
    near_twins: StageOutput
    label_errors: StageOutput
    duplicates: StageOutput
    examples: StageOutput
    thumbnails: StageOutput | None = None

    def to_roles(self) -> dict[str, StageOutput]:
        """Outputs by role."""
        return _single_roles(self)


@dataclass(frozen=True)
class RunOutputs:
    """Outputs of a run of any flow; a flow leaves out what it does not make.

    Attributes:
        snapshot: `record_snapshot` of the first dump.
        validations, validation_pages: `validate_dump` and `render_validation` of each dump.
        clean, split, corpus_words: Cleaned products of all dumps, their split and corpus-wide stop words.
        clean_contract, predictions_contract: `check_table`.
        models, refitted: Trained models by recipe: scored ones, and those fitted to all labelled products.
        fusions: By the name of the method.
        evaluations: By the name of the model or fusion; the decision's is that of the fusion it chose.
        decision, findings, report, package: Of a retraining.
        submission, drift, exploration, comparison, found, picture, page: Of the flows that make one.
        images: Image arrays or features by recipe.
        steps: Reports of an image study by step.
    """

    snapshot: StageOutput | None = None
    validations: tuple[StageOutput, ...] = ()
    validation_pages: tuple[StageOutput, ...] = ()
    clean: StageOutput | None = None
    clean_contract: StageOutput | None = None
    split: StageOutput | None = None
    corpus_words: StageOutput | None = None
    report: StageOutput | None = None
    package: StageOutput | None = None
    models: Outputs = field(default_factory=dict)
    refitted: Outputs = field(default_factory=dict)
    decision: StageOutput | None = None
    fusions: Outputs = field(default_factory=dict)
    evaluations: Outputs = field(default_factory=dict)
    findings: FindingOutputs | None = None
    submission: StageOutput | None = None
    predictions_contract: StageOutput | None = None
    drift: StageOutput | None = None
    exploration: StageOutput | None = None
    comparison: StageOutput | None = None
    found: StageOutput | None = None
    picture: StageOutput | None = None
    page: StageOutput | None = None
    images: Outputs = field(default_factory=dict)
    steps: Outputs = field(default_factory=dict)

    def to_roles(self) -> dict[str, StageOutput]:
        """Outputs by role, as run.json keeps their keys."""
        roles = _single_roles(self)
        for word, name in _NUMBERED.items():
            for number, output in enumerate(getattr(self, name), start=1):
                roles[word if number == 1 else f"{word} {number}"] = output
        for word, name in _NAMED.items():
            roles |= {f"{word} {key}": output for key, output in getattr(self, name).items()}
        return roles | dict(self.fusions) | (self.findings.to_roles() if self.findings else {})

    @classmethod
    def from_roles(cls, roles: Outputs) -> Self:
        """Create from outputs by role; outputs without another role are fusions."""
        found: dict[str, Any] = {"fusions": {}}
        findings: dict[str, StageOutput] = {}
        for role, output in roles.items():
            word, _, rest = role.partition(" ")
            numbered, _, number = role.rpartition(" ")
            if (name := _NUMBERED.get(numbered if number.isdecimal() else role)) is not None:
                found[name] = (*found.get(name, ()), output)
            elif word in _NAMED and rest:
                found.setdefault(_NAMED[word], {})[rest] = output
            elif role in get_args(FindingRole):
                findings[_field(role)] = output
            elif _field(role) in cls.__dataclass_fields__:
                found[_field(role)] = output
            else:
                found["fusions"][role] = output
        # Runs of older versions made fewer of them.
        is_complete = {each.name for each in fields(FindingOutputs)} - {"thumbnails"} <= findings.keys()
        return cls(**found, findings=FindingOutputs(**findings) if is_complete else None)


def evaluation_role(name: str) -> str:
    """Role of the evaluation of a model or fusion."""
    return f"evaluation {name}"


def model_role(name: str, *, refitted: bool = False) -> str:
    """Role of the model of a recipe."""
    return f"refitted {name}" if refitted else f"model {name}"


def _field(role: str) -> str:
    return role.replace(" ", "_")


def _single_roles(outputs: FindingOutputs | RunOutputs) -> dict[str, StageOutput]:
    values = {each.name.replace("_", " "): getattr(outputs, each.name) for each in fields(outputs)}
    return {role: value for role, value in values.items() if isinstance(value, StageOutput)}
