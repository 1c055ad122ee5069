"""Data Docs as an output: the pages Great Expectations writes, made the same bytes for the same data.

The pages still name style sheets on other hosts, which a browser may fetch when somebody opens them; without these
they are plain but readable. The logo, fetched with a time stamp on each view, is taken out.
"""

import datetime
import re
import shutil
from pathlib import Path
from typing import Any

RUN_NAME = "contracts"
# When the contracts ran is in the manifest; in a page it would change its bytes at every run.
RUN_TIME = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

_STAMP = re.compile(r"2[0-9]{7}T[0-9]{6}\.[0-9]{6}Z")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LOGO = re.compile(r"<img[^>]*great-expectations-web-assets[^>]*>")

# 4 MB of fonts and pictures a run that the pages do without.
UNUSED = ("static/fonts", "static/images")


def site_config(folder: Path) -> Any:
    """Great Expectations' description (a dict) of a site in `folder`."""
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
    }


def settle_pages(folder: Path) -> None:
    """Replace what differs from run to run: times and random identifiers; drop what is not needed."""
    for name in UNUSED:
        shutil.rmtree(folder / name, ignore_errors=True)
    for page in sorted(folder.rglob("*.html")):
        text = _STAMP.sub("", _LOGO.sub("", page.read_text("utf-8")))
        for number, uuid in enumerate(dict.fromkeys(_UUID.findall(text))):
            text = text.replace(uuid, f"block-{number}")
        page.write_text(text, "utf-8")
