"""The scored models and fusions of a run, and the choice among them."""

from dataclasses import dataclass
from typing import Any

from rakuten.fusion.stages import DECISION
from rakuten.outputs import StageOutput


@dataclass(frozen=True)
class ScoredModels:
    """Outputs of a run's scoring, as stages take them.

    Attributes:
        evaluations: `evaluate` of the models in the plan's order, then of the fusions.
        fusions: `fuse`.
        decision: `decide`: names the evaluation of the fusion that predictions are made with.
    """

    evaluations: tuple[StageOutput, ...]
    fusions: tuple[StageOutput, ...]
    decision: StageOutput

    def read_choice(self) -> dict[str, Any]:
        """Content of the decision, see `decide`."""
        choice: dict[str, Any] = self.decision.read_json(DECISION)
        return choice
