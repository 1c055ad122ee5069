"""Markup goes, words stay: tags, truncated tags, comparisons and entities without a semicolon."""

import pytest

from rakuten.normalisation import fold, plain_text


def words(text: str) -> str:
    return " ".join(fold(plain_text(text)).split())


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a<b et c>d", "a<b et c>d"),
        ("a&lt;b et c&gt;d", "a<b et c>d"),
        ("x<y et z>w", "x<y et z>w"),
        ("si a<b = 5 et c> d", "si a<b = 5 et c> d"),
        ("taille < 5 cm ou >10cm, <5cm", "taille < 5 cm ou >10cm, <5cm"),
        ("<Nouveau> jeu", "<nouveau> jeu"),
        ("taille <bleu et rouge", "taille <bleu et rouge"),
        ("I <3 Paris", "i <3 paris"),
        ("un<br />deux<BR>trois", "un deux trois"),
        ("<p class='x'>un</p><o:p>deux</o:p>", "un deux"),
        ("t <td nowrap width=5>x<hr noshade>", "t x"),
        ('<a b=c href="plus > moins" y=1>z', "z"),
        ("<foo bar='1'>x</foo>", "x"),
    ],
)
def test_only_what_is_a_tag_is_dropped(raw: str, expected: str) -> None:
    assert words(raw) == expected


@pytest.mark.parametrize(
    "cut",
    [
        '<a href="http://exemple.fr/chaise-de',
        '<p style="color: red; font-family: ari',
        '<p class="x" sty',
        "<input type='text' disabled value=",
        "<font color=red size=2",
        "<img src",
        "<img sr",
        "<strong",
        "<stro",
        "<br /",
        "</di",
        "</",
        "<",
    ],
)
def test_a_tag_cut_off_at_the_end_goes_with_its_attributes(cut: str) -> None:
    assert words(f"texte {cut}") == "texte"


def test_a_tag_that_was_never_closed_goes_and_the_words_behind_it_stay() -> None:
    assert words('un <a href="x" deux trois <b>quatre</b> cinq') == "un deux trois quatre cinq"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("jeux&regles H&notes &ampoule R&D", "jeux& regles h& notes & ampoule r&d"),
        ("REF&COPYRIGHT", "ref& copyright"),
        ("&copy2020 &eacutetoile &ampli; A&amp;B", "©2020 etoile & ampli; a&b"),
        ("&amp;amp;eacute;t&eacute;", "ete"),
    ],
)
def test_a_word_after_an_ampersand_is_no_entity(raw: str, expected: str) -> None:
    assert words(raw) == expected
