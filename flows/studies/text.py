"""The text study: every text model on both inputs, side by side."""

from flows.retrain import retrain_as
from tasks.orchestration.flow_parameters import PlanName
from tasks.orchestration.project_flow import project_flow


@project_flow("study-text")
def study_text(dump: str, plan: PlanName = "text_study") -> str:
    """Train every text model of a plan and end with a leaderboard beside the report's figures.

    Args:
        dump: Folder of the dump.
        plan: Name of a plan, or path of a plan file; its text models are trained.

    Returns:
        The run's id.
    """
    return retrain_as("study-text", (dump,), plan, "text")
