"""A backfill over dumps that repeat most of each other's products: work done, against every dump for itself.

    python benchmarks/backfill.py [--dumps 5] [--products 1000] [--new 5] [--only features|all]

Generates dumps of which each holds the one before and --new percent of new products, runs `rakuten backfill` over them
twice, and counts from the manifests what stages worked on. Prints image work as a multiple of the first dump's, and
what the second run made; last one line of JSON.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rakuten.demo.dump import write_demo_dump

# Trained in seconds: what is measured is what is not done again, not how long training takes.
PLAN = 'recipes = ["text_ngrams", "image_small_cnn"]\n'
IMAGE_STAGES = ("inspect_images", "resize_images")


def manifests(outputs: Path) -> dict[str, dict[str, Any]]:
    """Manifests of all outputs by key."""
    return {path.parent.name: json.loads(path.read_text("utf-8")) for path in outputs.glob("*-v*/manifest.json")}


def image_work(made: dict[str, dict[str, Any]]) -> list[tuple[int, int]]:
    """(images worked on, images covered) of each image stage, the first dump's first."""
    stages = sorted(
        (made[key] for key in made if key.startswith(IMAGE_STAGES)), key=lambda manifest: manifest["started"]
    )
    facts = [manifest["facts"] for manifest in stages]
    return [(fact["images_computed"], fact["images_computed"] + fact["images_reused"]) for fact in facts]


def backfill(folder: Path, only: str) -> float:
    """Run the command; seconds."""
    clock = time.monotonic()
    command = [sys.executable, "-c", "from flows.cli.main import main; main()", "backfill", "--only", only]
    environment = {
        **os.environ,
        "RAKUTEN_OUTPUTS": str(folder / "outputs"),
        "RAKUTEN_CATALOGUE": str(folder / "catalogue"),
    }
    subprocess.run(
        [*command, "--plan", str(folder / "plan.toml")], env=environment, check=True, stderr=subprocess.DEVNULL
    )
    return time.monotonic() - clock


def measure(folder: Path, dumps: int, products: int, new: float, only: str) -> dict[str, Any]:
    """Make the dumps, backfill twice, count."""
    (folder / "plan.toml").write_text(PLAN, "utf-8")
    for number in range(dumps):
        dump = folder / "catalogue" / f"dump-{number + 1}"
        size = round(products * (1 + new / 100) ** number)
        write_demo_dump(dump, num_products=size, image_size=128, broken_rows=False)
        (dump / "_SUCCESS").touch()
    first = backfill(folder, only)
    made = manifests(folder / "outputs")
    second = backfill(folder, only)
    work = image_work(made)
    once = sum(computed for computed, _ in work[: len(IMAGE_STAGES)])
    return {
        "dumps": dumps,
        "products": products,
        "new_percent": new,
        "image_work": round(sum(computed for computed, _ in work) / once, 3),
        "image_work_for_itself": round(sum(covered for _, covered in work) / once, 3),
        "seconds_first": round(first, 1),
        "seconds_second": round(second, 1),
        "made_by_second": len(manifests(folder / "outputs").keys() - made.keys()),
    }


def main() -> None:
    """Measure in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dumps", type=int, default=5, help="dumps (default: 5)")
    parser.add_argument("--products", type=int, default=1000, help="products of the first one (default: 1000)")
    parser.add_argument("--new", type=float, default=5.0, help="percent of new products in each next one (default: 5)")
    parser.add_argument("--only", choices=["all", "features"], default="features", help="(default: features)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measure(Path(folder), arguments.dumps, arguments.products, arguments.new, arguments.only)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
