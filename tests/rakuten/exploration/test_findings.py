"""The sentences that a page begins with say what the figures say, and nothing where there is nothing to say."""

from typing import Any

from rakuten.exploration.findings import findings
from rakuten.statistics.population_shift import TOO_FEW


def content(**changes: Any) -> dict[str, Any]:
    quiet = {
        "verdict": {"ok": True, "failures": []},
        "comparison": None,
        "parts_compared": None,
        "review_counts": {},
        "facts": {"labelled": 0, "products": 100, "without_description": 0},
        "classes": [],
        "missing_by_class": [],
        "repeats": [],
        "residue": [],
        "images": {"usable": 100, "white_and_class": None},
        "image_states": [],
        "grounds": [],
    }
    return quiet | changes


def sentences(**changes: Any) -> list[str]:
    return [finding.text for finding in findings(content(**changes))]


def test_a_quiet_dump_is_told_to_be_unlabelled_and_no_more() -> None:
    assert sentences() == ["The products have no labels: nothing is told by class."]


def test_broken_contracts_come_first() -> None:
    found = findings(content(verdict={"ok": False, "failures": ["no images"]}))
    assert found[0] == ("act", "The dump breaks its contracts: no images", "validation")


def test_classes_without_products_are_named() -> None:
    rows = [
        {"prdtypecode": 2583, "label": "piscine spa", "share": 0.6, "products": 60},
        {"prdtypecode": 10, "label": "adult books", "share": 0.4, "products": 0},
    ]
    said = sentences(facts={"labelled": 60, "products": 100, "without_description": 0, "ratio": 3.0}, classes=rows)
    assert said == [
        "No product of 1 of the 27 classes: 10.",
        "The largest class, 2583 piscine spa, holds 60 % of the products, 3.0 times as many as the smallest.",
    ]


def test_missing_descriptions_are_told_with_the_classes_that_miss_most() -> None:
    rows = [
        {"prdtypecode": 2403, "label": "children books and magazines", "missing_share": 0.95, "products": 40},
        {"prdtypecode": 60, "label": "games and consoles", "missing_share": 1.0, "products": 2},
    ]
    facts = {"labelled": 0, "products": 100, "without_description": 35}
    assert "35 % of the products have no description; most in 2403 children books and magazines (95 %)." in sentences(
        facts=facts, missing_by_class=rows
    )


def test_shifts_that_matter_are_named_and_their_absence_too() -> None:
    rows = [
        {"means": "language", "matters": True, "verdict": "large"},
        {"means": "brightness of the image", "matters": False, "verdict": "none"},
        {"means": "class", "matters": False, "verdict": TOO_FEW},
    ]
    assert "1 shift since the earlier dump to look at: language." in sentences(comparison={"rows": rows})
    many = [{"means": f"measure {number}", "matters": True} for number in range(7)]
    assert any("7 shifts" in text and "measure 4 and 2 more." in text for text in sentences(comparison={"rows": many}))
    whole, part = sentences(comparison={"rows": rows[1:2]}), sentences(comparison={"rows": rows[1:]})
    assert any("Nothing shifted" in text and text.endswith("enough to matter.") for text in whole)
    assert any("Nothing shifted" in text and "as far as 1 measure of 2 can tell" in text for text in part)


def test_doubtful_labels_are_counted() -> None:
    said = sentences(review_counts={"image": 3, "picture": 2, "title": 1})
    assert "Labels to review: 5 photos under more than one." in said
    assert "Labels to review: 1 title under more than one, with different photos or none." in said


def test_a_ground_that_goes_with_the_class_is_told() -> None:
    grounds = [
        {"prdtypecode": 2905, "white_share": 1.0, "products": 200},
        {"prdtypecode": 2403, "white_share": 0.15, "products": 200},
    ]
    said = sentences(images={"usable": 400, "white_and_class": 0.44}, grounds=grounds)
    assert any("100 % in 2905" in text and "15 % in 2403" in text for text in said)
