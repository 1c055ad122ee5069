"""The three languages of the catalogue are told by their small words, and what cannot be told is not guessed."""

import pytest

from rakuten.data.demo_products import Part, plan_products
from rakuten.data.demo_text import product_texts
from rakuten.text.languages import UNKNOWN, guess_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Bâche de protection pour piscine ronde", "fr"),
        ("Les Belles Histoires N° 315 : L'ours qui voulait", "fr"),
        ("<p>Id&eacute;al pour la chambre de votre enfant</p>", "fr"),
        ("Storage bag with a zip for your toys", "en"),
        ("Why Things Bounce Back, and how", "en"),
        ("Notizbuch für die Schule mit Linien", "de"),
        ("Dem T&auml;ter auf der Spur", "de"),
        ("Lampadaire jardin E27", UNKNOWN),
        ("Nintendo Switch Pro Controller Full HD", UNKNOWN),
        ("Metal Cutting Die Pokémon", UNKNOWN),
        ("Lot de 3, with box", UNKNOWN),
        ("", UNKNOWN),
        ("<br /> 12 €", UNKNOWN),
    ],
)
def test_language_of_a_title(text: str, language: str) -> None:
    assert guess_language(text) == language


def test_most_generated_descriptions_are_told_in_about_the_shares_they_were_written_in() -> None:
    texts = [product_texts(product, 0)[1] for product in plan_products(600, 0, Part.TRAIN)]
    guessed = [guess_language(text) for text in texts if text]
    assert guessed.count(UNKNOWN) < 0.05 * len(guessed)
    for language, share in (("fr", 0.80), ("en", 0.13), ("de", 0.07)):
        assert guessed.count(language) / len(guessed) == pytest.approx(share, abs=0.06)
