"""The 27 product classes of the challenge: codes, labels and published counts. Facts, stated once."""

from typing import NamedTuple


class ProductClass(NamedTuple):
    """One product type of the catalogue.

    Attributes:
        code: `prdtypecode`, the catalogue's own number.
        label: What the class holds, in English, as the report words it.
        label_fr: The same in French, the catalogue's language.
        published_count: Products of this class among the challenge's 84,916 training products.
    """

    code: int
    label: str
    label_fr: str
    published_count: int


# Ascending code: the position of a class is the report's "target" and its probability column.
CLASSES: tuple[ProductClass, ...] = (
    ProductClass(10, "adult books", "livres pour adultes", 3116),
    ProductClass(40, "imported video games", "jeux vidéo importés", 2508),
    ProductClass(50, "video games accessories", "accessoires de jeux vidéo", 1681),
    ProductClass(60, "games and consoles", "jeux et consoles", 832),
    ProductClass(1140, "figurines and Toy Pop", "figurines et Toy Pop", 2671),
    ProductClass(1160, "playing cards", "cartes à jouer", 3953),
    ProductClass(1180, "figurines, masks and role playing games", "figurines, masques et jeux de rôle", 764),
    ProductClass(1280, "toys for children", "jouets pour enfants", 4870),
    ProductClass(1281, "board games", "jeux de société", 2070),
    ProductClass(1300, "remote controlled models", "modèles réduits télécommandés", 5045),
    ProductClass(1301, "accessories children", "accessoires pour enfants", 807),
    ProductClass(1302, "toys, outdoor playing, clothes", "jouets, jeux de plein air, vêtements", 2491),
    ProductClass(1320, "early childhood", "petite enfance", 3241),
    ProductClass(1560, "interior furniture and bedding", "meubles et literie d'intérieur", 5073),
    ProductClass(1920, "interior accessories", "accessoires d'intérieur", 4303),
    ProductClass(1940, "Food", "alimentation", 803),
    ProductClass(2060, "decoration interior", "décoration d'intérieur", 4993),
    ProductClass(2220, "supplies for domestic animals", "fournitures pour animaux domestiques", 824),
    ProductClass(2280, "magazines", "magazines", 4760),
    ProductClass(2403, "children books and magazines", "livres et magazines pour enfants", 4774),
    ProductClass(2462, "games", "jeux", 1421),
    ProductClass(2522, "stationery", "papeterie", 4989),
    ProductClass(2582, "furniture kitchen and garden", "meubles de cuisine et de jardin", 2589),
    ProductClass(2583, "piscine spa", "piscine et spa", 10209),
    ProductClass(2585, "gardening and DIY", "jardinage et bricolage", 2496),
    ProductClass(2705, "books", "livres", 2761),
    ProductClass(2905, "online distribution of video games", "jeux vidéo distribués en ligne", 872),
)

CODES: tuple[int, ...] = tuple(product_class.code for product_class in CLASSES)
LABELS: dict[int, str] = {product_class.code: product_class.label for product_class in CLASSES}
LABELS_FR: dict[int, str] = {product_class.code: product_class.label_fr for product_class in CLASSES}
TARGETS: dict[int, int] = {code: target for target, code in enumerate(CODES)}
NUM_CLASSES: int = len(CLASSES)
