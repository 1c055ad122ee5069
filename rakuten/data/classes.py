"""The 27 product classes of the challenge: codes, labels and published counts. Facts, stated once."""

from typing import NamedTuple


class ProductClass(NamedTuple):
    """One product type of the catalogue.

    Attributes:
        code: `prdtypecode`, the catalogue's own number.
        label: What the class holds, in English.
        published_count: Products of this class among the challenge's 84,916 training products.
    """

    code: int
    label: str
    published_count: int


# Ascending code: the position of a class is the report's "target" and its probability column.
CLASSES: tuple[ProductClass, ...] = (
    ProductClass(10, "adult books", 3116),
    ProductClass(40, "imported video games", 2508),
    ProductClass(50, "video games accessories", 1681),
    ProductClass(60, "games and consoles", 832),
    ProductClass(1140, "figurines and Toy Pop", 2671),
    ProductClass(1160, "playing cards", 3953),
    ProductClass(1180, "figurines, masks and role playing games", 764),
    ProductClass(1280, "toys for children", 4870),
    ProductClass(1281, "board games", 2070),
    ProductClass(1300, "remote controlled models", 5045),
    ProductClass(1301, "accessories children", 807),
    ProductClass(1302, "toys, outdoor playing, clothes", 2491),
    ProductClass(1320, "early childhood", 3241),
    ProductClass(1560, "interior furniture and bedding", 5073),
    ProductClass(1920, "interior accessories", 4303),
    ProductClass(1940, "Food", 803),
    ProductClass(2060, "decoration interior", 4993),
    ProductClass(2220, "supplies for domestic animals", 824),
    ProductClass(2280, "magazines", 4760),
    ProductClass(2403, "children books and magazines", 4774),
    ProductClass(2462, "games", 1421),
    ProductClass(2522, "stationery", 4989),
    ProductClass(2582, "furniture kitchen and garden", 2589),
    ProductClass(2583, "piscine spa", 10209),
    ProductClass(2585, "gardening and DIY", 2496),
    ProductClass(2705, "books", 2761),
    ProductClass(2905, "online distribution of video games", 872),
)

CODES: tuple[int, ...] = tuple(product_class.code for product_class in CLASSES)
LABELS: dict[int, str] = {product_class.code: product_class.label for product_class in CLASSES}
TARGETS: dict[int, int] = {code: target for target, code in enumerate(CODES)}
NUM_CLASSES: int = len(CLASSES)
