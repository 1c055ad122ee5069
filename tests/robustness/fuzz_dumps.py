"""Fuzzing of everything that reads dumps: broken dumps in, an outcome out; no crash, no hang, no flood.

The dumps are read in a child process, so that one that hangs or takes all memory is found and the next goes on. Run as
a command for more cases than the test makes: `python tests/robustness/fuzz_dumps.py --rounds 10 --seed 7`.
"""

import argparse
import logging
import multiprocessing
import re
import resource
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import NamedTuple

from broken_dumps import MUTATIONS, Mutation, Outcome, write_sound_dump

TIMEOUT_SECONDS = 20.0
# Importing Great Expectations takes ten seconds on a quiet machine.
START_SECONDS = 240.0
MAX_MEMORY = 1024**3
# Beyond what the imported libraries map; a flood ends as a MemoryError instead of taking the machine along.
ADDRESS_SPACE = 3 * 1024**3


class Reading(NamedTuple):
    """What became of one dump.

    Attributes:
        outcome: An `Outcome`, or "crashed" where an error was raised that is no InputError.
        text: The message, or the lines of the verdict; a traceback where it crashed.
        logged: Lines that were logged.
        memory: Peak resident memory, bytes.
    """

    outcome: str
    text: str
    logged: tuple[str, ...]
    memory: int


class Case(NamedTuple):
    """A broken dump: what was done to it, with which seed, and what is wrong with what became of it ("": nothing)."""

    kind: str
    seed: int
    outcome: str
    fault: str


def fuzz(folder: Path, rounds: int, seed: int) -> Iterator[Case]:
    """Break a sound dump in every way and read it; those ways again whose outcome depends on where they strike.

    Args:
        folder: Scratch folder.
        rounds: The first has every kind.
        seed: Of the first round.
    """
    sound = folder / "sound"
    write_sound_dump(sound)
    with Reader(folder / "outputs", sound) as reader:
        for number in range(seed, seed + rounds):
            for kind, mutation in MUTATIONS.items():
                if number > seed and len(mutation.outcomes) == 1:
                    continue
                dump = folder / "catalogue" / "dump"
                shutil.copytree(sound, dump)
                mutation.change(dump, Random(f"{kind} {number}"))
                reading = reader.read(dump)
                yield Case(kind, number, reading.outcome, fault_of(mutation, reading))
                shutil.rmtree(dump.parent)


def fault_of(mutation: Mutation, reading: Reading) -> str:
    """What is wrong with what became of a dump, or ""."""
    if reading.outcome not in mutation.outcomes:
        return f"{reading.outcome}, expected {' or '.join(mutation.outcomes)}: {reading.text}"
    if mutation.says not in reading.text:
        return f"{mutation.says!r} is not in: {reading.text}"
    if reading.memory > MAX_MEMORY:
        return f"{reading.memory:,} bytes of memory"
    if reading.outcome == Outcome.REFUSED and "\n" in reading.text:
        return f"more than one line: {reading.text!r}"
    raw = [line for line in (*reading.text.splitlines(), *reading.logged) if not line.isprintable()]
    return f"control characters: {raw[0]!r}" if raw else ""


class Reader:
    """A child process that reads dumps, started anew when it hangs or dies.

    Args:
        outputs: Where stages write.
        sound: A dump that is read first, so that everything is imported.
    """

    def __init__(self, outputs: Path, sound: Path) -> None:
        self._outputs, self._sound = outputs, sound
        self._start()

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    def read(self, dump: Path) -> Reading:
        """What becomes of a dump."""
        reading = self._ask(dump, TIMEOUT_SECONDS)
        if reading is None:
            self._stop()
            self._start()
        return reading or Reading("hung or died", f"no answer within {TIMEOUT_SECONDS:.0f} s", (), 0)

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._outputs), daemon=True)
        self._process.start()
        theirs.close()
        reading = self._ask(self._sound, START_SECONDS)
        if reading is None or reading.outcome != Outcome.ACCEPTED:
            raise RuntimeError(f"the sound dump was not accepted: {reading}")

    def _stop(self) -> None:
        self._process.kill()
        self._process.join()
        self._connection.close()

    def _ask(self, dump: Path, timeout: float) -> Reading | None:
        try:
            self._connection.send(dump)
            return self._connection.recv() if self._connection.poll(timeout) else None
        except (EOFError, OSError):
            return None


class _Lines(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith("rakuten"):
            self.lines += record.getMessage().split("\n")


def _serve(connection: Connection, outputs: Path) -> None:
    lines = _Lines()
    logging.getLogger().addHandler(lines)
    logging.getLogger("rakuten").setLevel(logging.INFO)
    # The limit of the first one is too low for the libraries' imports to be worth one; they map, they do not use.
    limited = False
    while True:
        dump = connection.recv()
        lines.lines.clear()
        _forget_peak()
        outcome, text = _read(dump, outputs)
        connection.send(Reading(outcome, text, tuple(lines.lines), _peak_memory()))
        shutil.rmtree(outputs, ignore_errors=True)
        if not limited:
            space = _status("VmSize") + ADDRESS_SPACE
            resource.setrlimit(resource.RLIMIT_AS, (space, space))
            limited = True


def _read(dump: Path, outputs: Path) -> tuple[str, str]:
    from rakuten.errors import InputError

    try:
        return validate(dump, outputs)
    except InputError as error:
        return Outcome.REFUSED, str(error)
    # The one place where any error is an answer: it is the fault that is looked for.
    except BaseException:  # noqa: BLE001
        return "crashed", traceback.format_exc()


def validate(dump: Path, outputs: Path) -> tuple[Outcome, str]:
    """What the validate flow does of a dump, without Prefect: looked at in its catalogue, listed, read, judged.

    Raises:
        InputError: If the dump is refused.
    """
    from data_contracts import load_contract
    from rakuten.contracts.contract import Contract
    from rakuten.contracts.validation import accept_products, validate_dump
    from rakuten.dumps.catalogue_folder import CataloguedDump
    from rakuten.dumps.products import read_products
    from rakuten.dumps.snapshot import list_dump, record_snapshot
    from rakuten.images.inspection import inspect_images
    from rakuten.outputs import OutputStore

    catalogued = CataloguedDump(dump)
    looked_at = (catalogued.why_incomplete(), catalogued.fingerprint)
    assert str(looked_at[0]).isprintable()
    store = OutputStore(outputs)
    listing = list_dump(dump, memory=outputs / "digests.parquet")
    snapshot = store.run(record_snapshot, listing=listing)
    products = store.run(read_products, snapshot=snapshot, dump=dump)
    images = store.run(inspect_images, snapshot=snapshot, dump=dump) if listing.has_images else None
    contracts = tuple(Contract.model_validate(load_contract(name)) for name in ("raw_products", "labels", "images"))
    validation = store.run(validate_dump, products=products, images=images, contracts=contracts)
    verdict = validation.read_json("verdict.json")
    text = "\n".join(verdict["summary"])
    if not verdict["ok"]:
        return Outcome.FAILED, text
    store.run(accept_products, products=products, images=images, validation=validation)
    return Outcome.QUARANTINED if verdict["counts"]["quarantined"] else Outcome.ACCEPTED, text


def _forget_peak() -> None:
    """Have the kernel count the peak of resident memory from here."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak_memory() -> int:
    return _status("VmHWM")


def _status(field: str) -> int:
    match = re.search(rf"^{field}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert match is not None
    return int(match[1]) * 1024


def main() -> int:
    """Fuzz from the command line; the exit code is 1 where a fault was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=1, help="the first has every kind; others those that chance decides"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the first round")
    arguments = parser.parse_args()
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(fuzz(Path(folder), arguments.rounds, arguments.seed), start=1):
            faults += bool(case.fault)
            print(f"{number:4} {case.kind} (seed {case.seed}): {case.outcome}", *([case.fault] if case.fault else []))
    print(f"{faults} faults in {number} dumps of {len(MUTATIONS)} kinds")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
