"""Residue of pages is found, named and counted; clean texts have none."""

import pytest

from rakuten.text.markup_residue import count_residue


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<p>Beau<br />tapis</p>", {("tag", "p"): 2, ("tag", "br"): 1}),
        ("&eacute;t&eacute; l&#39;hiver", {("entity", "&eacute;"): 2, ("entity", "&#39;"): 1}),
        ("d&amp;rsquo;eau", {("escaped twice", "&amp;rsquo;"): 1, ("entity", "&amp;"): 1}),
        ("TrempÃ© lâ€™eau", {("broken letter", "Ã©"): 1, ("broken letter", "â€™"): 1}),
        ("a\x07b\ufffd", {("control character", "U+0007"): 1, ("control character", "U+FFFD"): 1}),
        ("taille < 5 cm, 3 > 2, R&B & Co; Ã la carte\nÂge", {}),
        ("", {}),
    ],
)
def test_pieces_of_residue(text: str, found: dict[tuple[str, str], int]) -> None:
    assert dict(count_residue(text)) == found
