"""The validate flow: contracts alone."""

from flows.declaring import project_flow
from flows.prepare import validate, validation_page
from tasks.artifacts import publish_validation
from tasks.dumps import open_dump
from tasks.futures import output_of, outputs_of
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
        _, _, validation = validate(opened)
        page = validation_page(opened, validation)
        run.outputs |= outputs_of({"snapshot": opened.snapshot, "validation": validation, "page": page})
        return publish_validation(opened, output_of(validation), output_of(page))
