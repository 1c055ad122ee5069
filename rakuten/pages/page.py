"""Turning figures into text: the templates' environment and how numbers are written."""

import base64
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rakuten.pages.markdown import escape_markdown
from rakuten.pages.template_files import OwnFiles
from rakuten.printable import printable

ABSENT = "–"
# Line ends, tabs and spaces of other widths are spaces of HTML.
SPACES = "\n\t\u00a0\u2007\u2009\u202f\u3000"


def render(own_files: OwnFiles, template: str, content: Mapping[str, Any]) -> str:
    """Fill a template.

    Every value is escaped, for HTML or (templates named `.md.j2`) for Markdown; control characters, which could hide or
    reorder what stands beside them, are shown as escapes. An unknown name is an error.

    Args:
        own_files: Whose template it is; those of all pages are there to be imported.
        template: File name.
        content: The template's variables.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    is_markdown = template.endswith(".md.j2")

    def shown(value: Any) -> Any:
        """What a template writes for a value; macros and style sheets are marked as safe already."""
        if not isinstance(value, str) or isinstance(value, Markup):
            return value
        return Markup(escape_markdown(value)) if is_markdown else printable(value, keep=SPACES)

    environment = Environment(
        loader=FileSystemLoader(own_files.folders),
        autoescape=True,
        finalize=shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "score": score,
        "count": count,
        "percent": percent,
        "size": size,
        "duration": duration,
        "short_key": short_key,
        "signed": signed,
        "similarity": similarity,
    }
    return environment.get_template(template).render(content)


def picture(path: Path) -> str:
    """A picture file as a URL that holds it; its suffix says of what kind it is."""
    return f"data:image/{path.suffix[1:]};base64,{base64.b64encode(path.read_bytes()).decode()}"


def score(value: float | None, digits: int = 3) -> str:
    """0.8123 → "0.812"."""
    return ABSENT if value is None or math.isnan(value) else f"{value:.{digits}f}"


def signed(value: float, digits: int = 3) -> str:
    """0.0123 → "+0.012", -0.0004 → "0.000"."""
    text = f"{value:+.{digits}f}"
    return text.lstrip("+-") if not float(text) else text.replace("-", "−")


def similarity(value: float) -> str:
    """0.9991 → "99.9 % alike"."""
    return "alike" if value >= 0.9995 else f"{100 * value:.1f} % alike"


def count(value: int) -> str:
    """84916 → "84,916"."""
    return f"{value:,}"


def percent(share: float, digits: int = 0) -> str:
    """0.1234 → "12 %", a share that is not quite nothing never "0 %"; NaN is written as absent."""
    if math.isnan(share):
        return ABSENT
    least = 10**-digits
    return f"< {least:.{digits}f} %" if 0 < 100 * share < least / 2 else f"{100 * share:.{digits}f} %"


def size(value: int) -> str:
    """Bytes in the largest unit that leaves a number of at least 1."""
    amount, units = float(value), ["bytes", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.0f} {units[0]}" if units[0] == "bytes" or amount >= 100 else f"{amount:.1f} {units[0]}"


def duration(seconds: float) -> str:
    """75 → "1 min 15 s"."""
    # What would be written as 60.0 s is a minute.
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def short_key(key: str) -> str:
    """`train-v1-0123456789abcdef0123` → `0123456789`: enough to tell outputs apart by eye."""
    return key.rpartition("-")[2][:10]
