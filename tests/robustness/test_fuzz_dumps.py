"""Broken dumps of every kind: accepted, quarantined or refused in a line, as their mutation says."""

from pathlib import Path

import pytest
from broken_dumps import MUTATIONS
from fuzz_dumps import fuzz

ROUNDS = 3


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_no_broken_dump_crashes_hangs_or_floods_what_reads_it(tmp_path: Path) -> None:
    assert len(MUTATIONS) >= 60
    cases = list(fuzz(tmp_path, ROUNDS, seed=0))
    assert len(cases) >= 150
    assert [case for case in cases if case.fault] == []
