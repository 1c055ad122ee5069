"""Mojibake is repaired where encoding back proves it; correct text is never changed."""

import unicodedata

import pytest

from rakuten.normalisation import fold, is_mojibake, normalise_title, plain_text, repair_encoding

ACCENTED = "àâäçéèêëîïôöùûüÿœæñÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŒßáíóúÁÍÓÚ’“”–—…€°»«™"


def misread(text: str, encoding: str) -> str:
    """UTF-8 bytes read as a single-byte encoding; bytes that Windows-1252 lacks become control characters."""
    characters = []
    for byte in text.encode("utf-8"):
        try:
            characters.append(bytes([byte]).decode(encoding))
        except UnicodeDecodeError:
            characters.append(chr(byte))
    return "".join(characters)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
@pytest.mark.parametrize("layers", [1, 2])
def test_every_accented_letter_and_typographic_sign_is_repaired(encoding: str, layers: int) -> None:
    broken = {}
    for letter in ACCENTED:
        text = f"l'{letter}cole aim{letter}es"
        for _ in range(layers):
            text = misread(text, encoding)
        broken[text] = f"l'{letter}cole aim{letter}es"
    assert {text: fold(repair_encoding(text)) for text in broken} == {text: fold(b) for text, b in broken.items()}


@pytest.mark.parametrize(
    ("raw", "repaired"),
    [
        ("QualitÃ© supÃ©rieure", "Qualité supérieure"),
        ("QualitÃƒÂ© supÃƒÂ©rieure", "Qualité supérieure"),
        ("Qualité et QualitÃ© mêlées", "Qualité et Qualité mêlées"),
        ("dâ€™Ã©tÃ© â€“ 5 â‚¬", "d’été – 5 €"),
        ("GrÃ¶ÃŸe fÃ¼r MÃ¤dchen", "Größe für Mädchen"),
        ("Â« goÃ»t Â»", "« goût »"),
        ("10Â\xa0cm, 5Â°C", "10\xa0cm, 5°C"),
        ("Quali√© du cuir", "Quali√© du cuir".replace("√©", "é")),
        ("Ð¸Ð³Ñ€Ð°", "игра"),
        ("L\x92été \x96 neuf", "L’été – neuf"),
        ("Pã©ritel Chã¢teau", "Péritel Château"),
        ("à l'ÃŽle", "à l'Île"),
        (unicodedata.normalize("NFD", "Ã") + "©cran", "écran"),
        ("\ud83d\ude00 jeu \ud800", "😀 jeu \ufffd"),
    ],
)
def test_mojibake_is_repaired(raw: str, repaired: str) -> None:
    assert repair_encoding(raw) == repaired
    assert is_mojibake(raw)


@pytest.mark.parametrize(
    "text",
    [
        "Été à la française, œuvre n°2 – l’âge d’or… « déjà vu » 10\xa0€",
        "CHÂTEAU DE L'ÂGE, ÎLE, ÂNE",
        "Übergröße für Mädchen, Straße 5 m²",
        "SÃO JOÃO, NÃO, MÃE, IRMÃ, Âmbar, maçã® e «irmã»",
        "România, Â și â, în Brâncuși",
        "¡Olé! ¿Qué? Ñandú, niño",
        "Smørrebrød, Ålesund, Åsa’s ‘Å’",
        "3×² ×½, café™, Nestlé®, Citroën©, naïve “quote”",
        "игра 游戏 ゲーム 👩‍👩‍👧 🇫🇷",
        unicodedata.normalize("NFD", "Été à la française"),
        "Ã la carte",
        "",
    ],
)
def test_correct_text_stays_as_it_is(text: str) -> None:
    assert repair_encoding(text) == text
    assert not is_mojibake(text)


def test_mojibake_behind_an_entity_is_repaired() -> None:
    assert plain_text("Ã&copy;cran") == "écran"
    assert fold(plain_text("QualitÃ© supÃ©rieure")) == "qualite superieure"


def test_a_title_is_the_same_title_in_any_encoding_or_spelling() -> None:
    spellings = [
        "Bâche d&eacute;co <b>Œuf</b> n°2",
        "BACHE DECO OEUF N 2",
        "BÃ¢che dÃ©co Å“uf - n2",
        unicodedata.normalize("NFD", "Bâche déco œuf n2"),
        "Bâche\xa0dé\xadco\u200b Œuf\u200f Ｎ２",
        "Bâche d&amp;eacute;co &OElig;uf n°2",
    ]
    assert {normalise_title(title) for title in spellings} == {"bachedecooeufn2"}


def test_titles_of_other_scripts_and_without_letters() -> None:
    assert normalise_title("игра") == "игра"
    assert normalise_title(" ?! 🎮") == ""
