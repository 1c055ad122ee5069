"""Names and tags of flow runs in the Prefect UI: a name has the dump and what was asked for, and no path."""

from pathlib import Path
from uuid import UUID

from prefect import get_client
from prefect.context import FlowRunContext
from prefect.runtime import flow_run

# What is asked for unless something else is.
USUAL = (None, "", "newest", "champion")
SHOWN = ("run", "only", "first", "last", "plan", "recipe", "part", "model")


def run_name() -> str:
    """The name of the flow run of this context, from its parameters."""
    parameters = flow_run.parameters
    folder = parameters.get("dump") or parameters.get("catalogue") or flow_run.flow_name
    return _joined(folder, *(parameters[name] for name in SHOWN if parameters.get(name) not in USUAL))


def rename_run(*parts: str) -> None:
    """Call the flow run of this context by what it found out it works on."""
    run = flow_run.get_id()
    if run is not None:
        with get_client(sync_client=True) as client:
            client.update_flow_run(UUID(run), name=_joined(*parts))


def tag_run(tag: str) -> None:
    """Tag the flow run of this context, unless a deployment gave it tags or it runs inside another.

    Not by `prefect.tags`, which tags the task runs inside as well: for each of those the server writes a record more.
    """
    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    if run is None or run.deployment_id is not None or run.parent_task_run_id is not None or tag in run.tags:
        return
    with get_client(sync_client=True) as client:
        client.update_flow_run(run.id, tags=[*run.tags, tag])


def _joined(*parts: object) -> str:
    """Parts that may be paths of folders and plan files, or names."""
    names = [Path(str(part)).name.removesuffix(".toml") for part in parts]
    # A backfill of one dump has it as its first and last.
    return " · ".join(dict.fromkeys(names))
