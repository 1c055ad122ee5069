"""Escaping of control and invisible characters in untrusted text, against log and terminal injection.

File names, zip entries and table cells may contain line ends, terminal escape sequences, bidirectional control
characters or undecodable bytes. Printed raw, they can forge log lines or control the terminal.
"""

MAX_SHOWN = 120


def printable(text: object, keep: str = "") -> str:
    """Escape all non-printable characters of a text.

    Args:
        text: Any object; converted by `str`.
        keep: Characters that are not escaped, e.g. the line end in multi-line messages.
    """
    return "".join(
        character if character.isprintable() or character in keep else ascii(character)[1:-1] for character in str(text)
    )


def shortened(text: object, length: int = MAX_SHOWN) -> str:
    """Escape and truncate a text to at most `length` characters; truncated text ends in "…"."""
    # Truncated before escaping: a field may have megabytes.
    shown = printable(str(text)[: length + 1])
    return shown if len(shown) <= length else shown[: length - 1] + "…"
