"""Cleaning keeps its promises on any text, and the report's mistakes are not made again."""

import re
import sys
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rakuten.errors import RecipeError
from rakuten.normalisation import fold, plain_text
from rakuten.recipes import CleaningRecipe
from rakuten.text.cleaning import Cleaner

CLEANER = Cleaner(frozenset({"de", "la", "et", "ete"}))

PIECES = [
    "<",
    ">",
    "&",
    ";",
    "&eacute",
    "&amp;",
    "&#39;",
    "&#x",
    "<b",
    "</",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    '"',
]
markup_like = st.lists(st.one_of(st.text(max_size=8), st.sampled_from(PIECES)), max_size=30).map("".join)


@settings(deadline=None)
@given(st.one_of(st.text(), markup_like))
@example("İstanbul ﬃ ǅ ＜b＞ \ud800 \x00 👩‍👩‍👧")
def test_cleaning_what_was_cleaned_changes_nothing(text: str) -> None:
    once = CLEANER(text)
    assert CLEANER(once) == once


@settings(deadline=None)
@given(st.one_of(st.text(), markup_like), st.booleans(), st.integers(1, 4))
def test_clean_text_is_words_of_its_alphabet_parted_by_single_spaces(text: str, digits: bool, length: int) -> None:
    alphabet = "a-z0-9" if digits else "a-z"
    cleaned = Cleaner(frozenset({"de"}), length, digits)(text)
    assert re.fullmatch(f"(?:[{alphabet}]{{{length},}}(?: (?!$)|$))*", cleaned)
    assert "de" not in cleaned.split()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("&eacute;toile", "etoile"),
        ("&amp;eacute;toile", "etoile"),
        ("&amp;amp;eacute;toile", "etoile"),
        ("&#233;toile &#xE9;cru &eacutetoile", "etoile ecru etoile"),
        ("l&#39;&eacute;cran", "ecran"),
        ("caf&nbsp;noir", "caf noir"),
        ("&lt;b&gt;gras&lt;/b&gt;", "gras"),
        ("&inconnu; mot", "inconnu mot"),
        ("&#" + "9" * 5000 + "; mot", "mot"),
        ("&#xD800; &#0; mot", "mot"),
    ],
)
def test_entities_are_decoded_before_all_else(raw: str, expected: str) -> None:
    assert CLEANER(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("un<br />deux", "un deux"),
        ("<p class='x'>un</p><P>deux</P>", "un deux"),
        ('<a title="plus > moins" href=x>lien</a>', "lien"),
        ("<a href='casse>lien</a>", "lien"),
        ("<p l'eau> j'ai > 3 mots", "eau ai mots"),
        ("taille < 5 cm", "taille cm"),
        ("taille <5cm ou >10cm", "taille 5cm ou 10cm"),
        ("a<b", ""),
        ("avant<!-- <b>caché</b> -->après", "avant apres"),
        ("avant<script type='x'>var mot = 1 < 2;</script >après", "avant apres"),
        ("avant<STYLE>p {}</STYLE>après", "avant apres"),
        ("avant <!-- jamais fini", "avant jamais fini"),
        ("avant <script> jamais fini", "avant jamais fini"),
        ("<script>un</script>deux<!--trois-->quatre", "deux quatre"),
        ("<!DOCTYPE html><?xml version='1'?>mot", "mot"),
    ],
)
def test_tags_and_hidden_content_are_dropped_and_nothing_else(raw: str, expected: str) -> None:
    assert CLEANER(raw) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("Œuvre d'ÆTHER, Straße", "oeuvre aether strasse"),
        ("ÉLÈVE Ça où", "eleve ca ou"),
        ("e\u0301toile", "etoile"),
        ("ﬁn ②② ｆｕｌｌ m²", "fin 22 full m2"),
        ("co\u00adop\u200bera\ufefftion", "cooperation"),
        ("Lego™ Nike®", "lego nike"),
        ("c\x9cur", "coeur"),
        ("İSTANBUL", "istanbul"),
        ("🎮 jeu 👾", "jeu"),
        ("игра 游戏 mot", "mot"),
    ],
)
def test_letters_are_folded_to_plain_latin(raw: str, expected: str) -> None:
    assert CLEANER(raw) == expected


def test_stop_words_are_compared_without_accents() -> None:
    assert CLEANER("l'été de la plage") == "plage"


def test_digits_part_words_where_they_are_not_kept() -> None:
    assert Cleaner(keep_digits=False)("PS4 jeu2vidéo 2015") == "ps jeu video"
    assert Cleaner(keep_digits=True)("PS4 jeu2vidéo 2015 3") == "ps4 jeu2video 2015"


def test_words_shorter_than_asked_are_dropped() -> None:
    assert Cleaner(min_word_length=4)("un mot assez long") == "assez long"


def test_words_become_snowball_stems_where_the_recipe_asks_for_them() -> None:
    cleaner = Cleaner.of_recipe(CleaningRecipe(stemming_language="french"))
    assert cleaner("chaises pliantes, chaise pliante") == "chais pli chais pli"
    assert Cleaner.of_recipe(CleaningRecipe())("chaises pliantes") == "chaises pliantes"


def test_a_language_without_stemmer_is_refused() -> None:
    with pytest.raises(RecipeError, match="no stems for 'klingon'; languages with a Snowball stemmer: arabic"):
        Cleaner.of_recipe(CleaningRecipe(stemming_language="klingon"))


def test_folding_any_character_twice_changes_nothing() -> None:
    folded = (fold(chr(code)) for code in range(0, sys.maxunicode, 7))
    assert all(fold(character) == character for character in folded)


@settings(deadline=None)
@given(st.text())
def test_text_without_markup_and_mojibake_stays_as_it_is(text: str) -> None:
    bare = "".join(character for character in text if character not in "<&" and not "\x80" <= character <= "\xff")
    assert plain_text(bare) == bare


MARKUP = ["<a =", '<a ="', "<script>", "</script ", "<!--", "<a ", "<a href='", "<a b=c ", "<p nowrap "]
LETTERS = ["&amp;", "&#9", "&copy", "&copyx", "Ã©", "ã©", "Ã ", "\x92"]


@pytest.mark.parametrize("piece", [*MARKUP, *LETTERS])
def test_hostile_text_takes_linear_time(piece: str) -> None:
    started = time.perf_counter()
    CLEANER(piece * 50_000)
    assert time.perf_counter() - started < 5
