"""The validate flow: contracts alone."""

from flows.prepare import validate
from rakuten.runs.run_outputs import RunOutputs
from tasks.dumps import open_dump
from tasks.observability.artifacts import publish_validation
from tasks.orchestration.project_flow import project_flow
from tasks.runs import recorded_run


@project_flow("validate")
def validate_only(dump: str) -> str:
    """Hold a dump against its contracts; writes the quarantine and a page.

    Args:
        dump: Folder of the dump.

    Returns:
        The key of the page's output.
    """
    with recorded_run("validate", {"dump": dump}) as run:
        opened = open_dump(dump)
        checked = validate(opened).with_page()
        run.finish(RunOutputs(snapshot=opened.snapshot, validations=(checked.validation,), page=checked.page))
        return publish_validation(checked)
