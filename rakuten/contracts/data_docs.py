"""Great Expectations' own pages (Data Docs) of a dump, written on request to a folder outside the outputs.

The validation page of this project is `validation_page.py`. Data Docs write values of a table as markup and load
scripts from other hosts, so these hold figures only, and a policy in each page forbids scripts and other hosts.
"""

import re
import shutil
from pathlib import Path

from rakuten.contracts.contract import Contract
from rakuten.contracts.expectations import check_frames
from rakuten.contracts.validation import checked_pairs, contract_frames
from rakuten.errors import InputError
from rakuten.outputs import StageOutput
from rakuten.pages.page import render
from rakuten.pages.template_files import OwnFiles

POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; img-src data:; style-src 'self' 'unsafe-inline'\">"
)
_HEAD = re.compile(r"<head[^>]*>")
# Scripts, style sheets and pictures of other hosts, which the policy would only have the browser complain of.
_FOREIGN = re.compile(
    r"<script\b[^>]*>.*?</script>|<link\b[^>]*https?://[^>]*>|<img\b[^>]*https?://[^>]*>", re.DOTALL | re.IGNORECASE
)
# 4 MB of fonts and pictures that the pages do without.
UNUSED = ("static/fonts", "static/images")


def require_docs_folder(folder: Path, outputs: Path) -> None:
    """Refuse a folder that Data Docs must not be written to.

    Args:
        folder: Where they are asked for; made when it is absent.
        outputs: Folder of all outputs, which holds nothing but outputs.

    Raises:
        InputError: If the folder is within the outputs, a file, or holds anything.
    """
    resolved = folder.expanduser().resolve()
    if resolved.is_relative_to(outputs.expanduser().resolve()):
        raise InputError(f"expected a folder for Data Docs outside the outputs folder {outputs}, received {folder}")
    if resolved.exists() and (not resolved.is_dir() or any(resolved.iterdir())):
        raise InputError(f"expected an absent or empty folder for Data Docs, received {folder}; name another one")


def write_data_docs(
    products: StageOutput, images: StageOutput | None, contracts: tuple[Contract, ...], folder: Path
) -> Path:
    """Write the Data Docs of a dump.

    Args:
        products, images, contracts: As `validate_dump` takes them.
        folder: Absent or empty; see `require_docs_folder`.

    Returns:
        The page to open first.
    """
    folder = folder.expanduser().resolve()
    check_frames(checked_pairs(contract_frames(products, images), contracts), docs=folder)
    for name in UNUSED:
        shutil.rmtree(folder / name, ignore_errors=True)
    for page in sorted(folder.rglob("*.html")):
        page.write_text(secured(page.read_text("utf-8")), "utf-8")
    return write_index(folder)


def write_index(folder: Path) -> Path:
    """Write a list of all pages in place of the index of Great Expectations, which is empty without scripts."""
    index = folder / "index.html"
    pages = sorted(page.relative_to(folder).as_posix() for page in folder.rglob("*.html") if page != index)
    own_files = OwnFiles(package="contracts")
    index.write_text(render(own_files, "data_docs.html.j2", {"pages": pages, "style": own_files.style()}), "utf-8")
    return index


def secured(page: str) -> str:
    """A page without scripts and without anything from other hosts, and with a policy that forbids both."""
    return _HEAD.sub(lambda head: head[0] + POLICY, _FOREIGN.sub("", page), count=1)
