"""The validate flow: contracts alone."""

from flows.declaring import project_flow
from flows.prepare import validate
from tasks.artifacts import publish_validation
from tasks.dumps import open_dump
from tasks.futures import output_of, outputs_of


@project_flow("validate")
def validate_only(dump: str) -> str:
    """Hold a dump against its contracts; writes the quarantine and Data Docs.

    Args:
        dump: Folder of the dump.

    Returns:
        The key of the validation's output.
    """
    _, _, validation = validate(open_dump(dump))
    outputs_of({"validation": validation})
    return publish_validation(output_of(validation))
