"""Evaluations, fusions and decision of a run, as inputs of stages."""

from dataclasses import dataclass
from typing import Any

from rakuten.fusion.stages import DECISION
from rakuten.outputs import StageOutput


@dataclass(frozen=True)
class ScoredModels:
    """Evaluations, fusions and decision of a run.

    Attributes:
        evaluations: `evaluate` of the models in the plan's order, then of the fusions.
        fusions: `fuse`.
        decision: `decide`: the fusion selected for predictions.
    """

    evaluations: tuple[StageOutput, ...]
    fusions: tuple[StageOutput, ...]
    decision: StageOutput

    def read_choice(self) -> dict[str, Any]:
        """Read decision.json, see `decide`."""
        choice: dict[str, Any] = self.decision.read_json(DECISION)
        return choice
