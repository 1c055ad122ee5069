"""The few sentences that a page begins with: what a person should look at first, from figures alone."""

from typing import Any, NamedTuple

from rakuten.catalogue.classes import LABELS
from rakuten.pages.page import count, percent
from rakuten.statistics.population_shift import TOO_FEW

# Shares from which something is worth a sentence.
MISSING_FROM, REPEATS_FROM, RESIDUE_FROM, UNUSABLE_FROM = 0.05, 0.005, 0.01, 0.001
# Association of white ground and class from which a model could learn the ground instead of the product.
ASSOCIATED_FROM = 0.2
EVEN_BELOW = 1.5
SHIFTS_NAMED = 5
# Of a class with fewer products a share says little.
FEWEST = 20


class Finding(NamedTuple):
    """A sentence and where on the page its figures are.

    Attributes:
        level: "act" (something is wrong or doubtful) or "know" (true, and worth knowing).
        text: The sentence.
        section: Id of the section.
    """

    level: str
    text: str
    section: str


def findings(content: dict[str, Any]) -> list[Finding]:
    """What to look at first, most urgent first.

    Args:
        content: What the page's template is filled with.
    """
    found = [
        *_contracts(content),
        *_shifts(content["comparison"], "compared", "since the earlier dump"),
        *_review(content),
        *_shifts(content["parts_compared"], "parts", "between the part to learn from and the one to predict"),
        *_classes(content),
        *_missing(content),
        *_repeats(content),
        *_residue(content),
        *_images(content),
    ]
    return sorted(found, key=lambda finding: finding.level != "act")


def _contracts(content: dict[str, Any]) -> list[Finding]:
    verdict = content["verdict"]
    if verdict["ok"]:
        return []
    return [Finding("act", f"The dump breaks its contracts: {'; '.join(verdict['failures'])}", "validation")]


def _shifts(compared: dict[str, Any] | None, section: str, when: str) -> list[Finding]:
    if not compared:
        return []
    names = [row["means"] for row in compared["rows"] if row["matters"]]
    if not names:
        few = sum(row["verdict"] == TOO_FEW for row in compared["rows"])
        rest = f", as far as {_several(len(compared['rows']) - few, 'measure')} of {len(compared['rows'])} can tell"
        words = f"Nothing shifted {when} by more than chance and enough to matter{rest if few else ''}."
        return [Finding("know", words, section)]
    shown = ", ".join(names[:SHIFTS_NAMED]) + (
        f" and {len(names) - SHIFTS_NAMED} more" if len(names) > SHIFTS_NAMED else ""
    )
    return [Finding("act", f"{_several(len(names), 'shift')} {when} to look at: {shown}.", section)]


def _review(content: dict[str, Any]) -> list[Finding]:
    counts = content["review_counts"]
    found = []
    if pictures := counts.get("image", 0) + counts.get("picture", 0):
        found.append(Finding("act", f"Labels to review: {_several(pictures, 'photo')} under more than one.", "repeats"))
    if titles := counts.get("title", 0):
        sentence = f"Labels to review: {_several(titles, 'title')} under more than one, with different photos or none."
        found.append(Finding("act", sentence, "repeats"))
    return found


def _several(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{count(number)} {what}s"


def _classes(content: dict[str, Any]) -> list[Finding]:
    facts = content["facts"]
    if not facts["labelled"]:
        return [Finding("know", "The products have no labels: nothing is told by class.", "classes")]
    largest = content["classes"][0]
    # Nothing that a reader would call uneven.
    is_even = facts["ratio"] < EVEN_BELOW
    sentence = (
        "The classes are about equally large."
        if is_even
        else (
            f"The largest class, {largest['prdtypecode']} {largest['label']}, holds {percent(largest['share'])} of the "
            f"products, {facts['ratio']:.1f} times as many as the smallest."
        )
    )
    absent = [str(row["prdtypecode"]) for row in content["classes"] if not row["products"]]
    found = [Finding("know", sentence, "classes")]
    if absent:
        found.append(Finding("act", f"No product of {len(absent)} of the 27 classes: {', '.join(absent)}.", "classes"))
    return found


def _missing(content: dict[str, Any]) -> list[Finding]:
    facts = content["facts"]
    share = facts["without_description"] / facts["products"]
    if share < MISSING_FROM:
        return []
    worst = [row for row in content["missing_by_class"] if row["products"] >= FEWEST][:3]
    where = ", ".join(f"{row['prdtypecode']} {row['label']} ({percent(row['missing_share'])})" for row in worst)
    tail = f"; most in {where}" if where and share < 1 else ""
    return [Finding("know", f"{percent(share)} of the products have no description{tail}.", "missing")]


def _repeats(content: dict[str, Any]) -> list[Finding]:
    said = [
        f"{percent(row['share'], 1)} {row['kind']}s"
        for row in content["repeats"]
        if row["kind"] in ("title", "description", "image") and row["share"] >= REPEATS_FROM
    ]
    return (
        [Finding("know", f"Repeated: {', '.join(said)}. A random split would put twins on both sides.", "repeats")]
        if said
        else []
    )


def _residue(content: dict[str, Any]) -> list[Finding]:
    rows = [row for row in content["residue"] if row["column"] == "description" and row["share"] >= RESIDUE_FROM]
    if not rows:
        return []
    said = ", ".join(f"{row['kind']} in {percent(row['share'])}" for row in rows)
    return [Finding("know", f"Descriptions hold residue of web pages: {said}.", "residue")]


def _images(content: dict[str, Any]) -> list[Finding]:
    facts = content["images"]
    if facts is None:
        return [Finding("know", "The dump has no images that can be used.", "images")]
    found = []
    states = {
        state: sum(row["products"] for row in content["image_states"] if row["state"] == state)
        for state in ("missing", "damaged")
    }
    unusable = {state: number for state, number in states.items() if number}
    if sum(unusable.values()) >= UNUSABLE_FROM * facts["usable"] and unusable:
        said = ", ".join(f"{count(number)} {state}" for state, number in unusable.items())
        found.append(Finding("act", f"Images: {said}.", "images"))
    association = facts["white_and_class"]
    if association is not None and association >= ASSOCIATED_FROM:
        extremes = [row for row in content["grounds"] if row["products"] >= FEWEST]
        where = ""
        if extremes:
            most, least = extremes[0], extremes[-1]
            where = (
                f": {percent(most['white_share'])} in {most['prdtypecode']} {LABELS[most['prdtypecode']]}, "
                f"{percent(least['white_share'])} in {least['prdtypecode']} {LABELS[least['prdtypecode']]}"
            )
        sentence = (
            f"A white ground goes with the class (Cramér’s V {association:.2f}){where}. A model can learn the ground."
        )
        found.append(Finding("know", sentence, "grounds"))
    return found
