"""The validate flow: contracts alone."""

from flows.declaring import project_flow
from flows.prepare import validate, validation_page
from tasks.artifacts import publish_validation
from tasks.dumps import open_dump
from tasks.futures import output_of, outputs_of
from tasks.in_use import using_outputs


@project_flow("validate")
def validate_only(dump: str) -> str:
    """Hold a dump against its contracts; writes the quarantine and a page.

    Args:
        dump: Folder of the dump.

    Returns:
        The key of the page's output.
    """
    with using_outputs():
        opened = open_dump(dump)
        _, _, validation = validate(opened)
        page = validation_page(opened, validation)
        outputs_of({"validation": validation, "page": page})
        return publish_validation(opened, output_of(validation), output_of(page))
