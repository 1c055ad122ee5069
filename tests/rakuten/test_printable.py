"""Text from outside in messages."""

from rakuten.errors import ContractError, DumpError
from rakuten.printable import printable, shortened


def test_whatever_is_not_printable_is_escaped_and_the_rest_is_kept() -> None:
    assert printable("été – 日本 😀 \\ '") == "été – 日本 😀 \\ '"
    assert printable("a\nb\r\t\x1b[2J\x7f\x9b\u202e\u2028\ud800\udcff") == (
        r"a\nb\r\t\x1b[2J\x7f\x9b\u202e\u2028\ud800\udcff"
    )


def test_shortened_text_is_never_longer_than_asked_for() -> None:
    assert shortened("é" * 10, 10) == "é" * 10
    assert shortened("é" * 11, 10) == "é" * 9 + "…"
    assert len(shortened("\x1b" * 10**6, 10)) == 10


def test_an_error_keeps_its_lines_and_shows_no_control_character() -> None:
    assert str(ContractError("the dump is not fit:\n1 row \x1b[2J")) == "the dump is not fit:\n1 row \\x1b[2J"
    assert str(DumpError()) == ""
