"""Text from outside as it is shown in logs and messages: control and other invisible characters are escaped.

File names, zip entries and table cells may hold line ends, terminal escapes, marks that reverse the reading direction,
or bytes that are no text at all; printed raw they forge log lines and drive the terminal.
"""

MAX_SHOWN = 120


def printable(text: object, keep: str = "") -> str:
    """The text with every character escaped that is not printable, spaces excepted.

    Args:
        text: Anything; shown as `str` does.
        keep: Characters left as they are, such as a line end in a message of several lines.
    """
    return "".join(
        character if character.isprintable() or character in keep else ascii(character)[1:-1] for character in str(text)
    )


def shortened(text: object, length: int = MAX_SHOWN) -> str:
    """`printable` text of at most `length` characters; what is cut off ends in "…"."""
    # Cut first: a field may have megabytes.
    shown = printable(str(text)[: length + 1])
    return shown if len(shown) <= length else shown[: length - 1] + "…"
