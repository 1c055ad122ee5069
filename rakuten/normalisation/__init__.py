"""Text normalisation, the one place for every use of catalogue texts: raw → plain → folded → title identity.

| use | steps | reason |
| --- | --- | --- |
| report pages, language, text lengths | `plain_text` | the text as a reader of the shop's page sees it |
| word, character and hashed n-grams | `plain_text`, `fold` | stop words and punctuation help to tell classes apart |
| clean words of TF-IDF and Keras models | `plain_text`, `fold`, `rakuten.text.cleaning` | words only |
| split, duplicates | `normalise_title` | one title is one product, however a shop encodes or spells it |

The order is fixed: an entity decoded after `fold` leaves `eacute` as a word, `Ã&copy;` is mojibake only once decoded,
and tags may themselves be escaped.
"""

from rakuten.normalisation.encoding import is_mojibake, repair_encoding
from rakuten.normalisation.entities import decode_entities
from rakuten.normalisation.folding import fold
from rakuten.normalisation.markup import strip_markup

__all__ = ["decode_entities", "fold", "is_mojibake", "normalise_title", "plain_text", "repair_encoding"]


def plain_text(text: str) -> str:
    """The text a reader of the shop's page sees: entities decoded, mojibake repaired, a space for each tag.

    Args:
        text: Any string; HTML, escaped HTML, truncated HTML or none.
    """
    if "&" in text:
        text = decode_entities(text)
    if not text.isascii():
        text = repair_encoding(text)
    if "<" in text:
        text = strip_markup(text)
    return text


def normalise_title(title: str) -> str:
    """Letters and digits of the plain, folded title, without spaces: equal for titles that name the same product.

    `Bâche d&eacute;co <b>Œuf</b>` and `BACHE DECO OEUF` are one title.
    """
    return "".join(character for character in fold(plain_text(title)) if character.isalnum())
