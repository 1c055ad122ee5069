"""Predicting many products with the text models of the default plan: products a second, memory, resuming after a kill.

    python benchmarks/predict.py [--products 100000] [--learn-from 4000]

Everything is generated and done by the command line: models are trained on a small dump, then predict the products of a
dump of a tenth of the size asked for, and of that size; then again, killed on the way. Rates are printed of the stage
that asks the models and of the whole command, which reads, validates, cleans and hands over as well.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rakuten.demo.dump import write_demo_dump

RAKUTEN = (sys.executable, "-c", "from flows.cli.main import main; main()")
STAGES = ("read_products", "validate_dump", "clean_products", "classify_products", "write_submission")


class Workplace:
    """A folder with dumps and the outputs of one machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"

    def dump(self, name: str, products: int, to_predict: int) -> Path:
        """A generated dump without photos."""
        path = self.folder / name
        write_demo_dump(path, num_products=products, num_test_products=to_predict, num_images=0)
        return path

    def start(self, *arguments: str, outputs: str = "outputs") -> "subprocess.Popen[bytes]":
        """The command line, in a process group of its own."""
        environment = {**os.environ, "RAKUTEN_OUTPUTS": str(self.folder / outputs)}
        with self.log.open("w") as log:
            return subprocess.Popen(
                [*RAKUTEN, *arguments], env=environment, stdout=log, stderr=log, start_new_session=True
            )

    def run(self, *arguments: str, outputs: str = "outputs") -> float:
        """The command line to its end; its seconds."""
        clock = time.perf_counter()
        if self.start(*arguments, outputs=outputs).wait():
            raise SystemExit(f"rakuten {arguments[0]} failed:\n{self.log.read_text()[-2000:]}")
        return time.perf_counter() - clock

    def manifests(self, outputs: str) -> dict[str, dict[str, Any]]:
        """What is known of each stage's output, by stage."""
        paths = (self.folder / outputs).glob("*-v*/manifest.json")
        read = [json.loads(path.read_text("utf-8")) for path in paths]
        return {manifest["identity"]["stage"]: manifest for manifest in read}

    def package(self) -> Path:
        """The model package that the training left."""
        return next((self.folder / "outputs").glob("package_model-*[0-9a-f]"))

    def predict(self, dump: Path, outputs: str) -> list[str]:
        """Arguments that predict a dump's products as another machine does, which has nothing but the package."""
        target = self.folder / f"{outputs}.csv"
        return ["predict", "--dump", str(dump), "--model", str(self.package()), "--output", str(target)]

    def kill_half_way(self, dump: Path, outputs: str, batches: int) -> None:
        """Start to predict, and kill everything once some batches are answered."""
        process = self.start(*self.predict(dump, outputs), outputs=outputs)
        while len(list((self.folder / outputs).glob("classify_products-*.partial/scratch/batches/*"))) < batches:
            if process.poll() is not None:
                raise SystemExit("the run ended before it could be killed")
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def show(title: str, manifests: dict[str, dict[str, Any]], seconds: float) -> None:
    """Print what the stages took."""
    facts = manifests["classify_products"]["facts"]
    print(f"{title}: {facts['products_per_second']:,} products/s asked of the models,", end=" ")
    print(f"{facts['products'] / seconds:,.0f} products/s in all ({seconds:.0f} s)")
    for stage in STAGES:
        manifest = manifests[stage]
        print(f"    {stage:18} {manifest['seconds']:6.1f} s  {manifest['peak_memory'] / 2**20:6,.0f} MiB")


def main() -> None:
    """Train, predict, kill and predict again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=100_000, help="products to predict (default: 100000)")
    parser.add_argument("--learn-from", type=int, default=4_000, help="products to learn from (default: 4000)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Workplace(Path(folder))
        small = place.dump("small", arguments.learn_from, arguments.products // 10)
        large = place.dump("large", arguments.learn_from, arguments.products)
        place.run("retrain", "--dump", str(small), "--modality", "text")
        for dump in (small, large):
            seconds = place.run(*place.predict(dump, dump.name), outputs=dump.name)
            show(f"{dump.name} dump", place.manifests(dump.name), seconds)
        place.kill_half_way(large, "killed", batches=arguments.products // 8_192 // 2)
        place.run(*place.predict(large, "killed"), outputs="killed")
        facts = place.manifests("killed")["classify_products"]["facts"]
        answers = [(place.folder / f"{name}.probabilities.parquet").read_bytes() for name in ("large", "killed")]
        print(
            f"killed half way: {facts['resumed']:,} of {facts['products']:,} products were not asked for again;",
            end=" ",
        )
        print(f"equal bytes: {answers[0] == answers[1]}")


if __name__ == "__main__":
    main()
