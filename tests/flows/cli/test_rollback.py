"""Going back to a champion that is still there, and to one that is not."""

from pathlib import Path
from typing import Any

import pytest

from flows.cli.preflight import check_rollback
from rakuten.errors import ChampionError
from rakuten.promotion.champions import ChampionBook
from rakuten.promotion.decisions import Candidate, Decision, Outcome, now


def promoted(outputs: Path, *numbers: int) -> ChampionBook:
    book = ChampionBook(outputs)
    for number in numbers:
        names: dict[str, Any] = {"plan": "plan", "dump": "dump", "snapshot": "snapshot", "recipes": {}, "scores": {}}
        who = Candidate(run=f"run-{number}", package=f"package-v1-{number}", **names)
        decision = Decision(outcome=Outcome.PROMOTED, candidate=who, against=None, decided=now())
        book.settle(decision, book.read().edition)
    return book


def test_a_rollback_to_a_package_that_is_gone_is_refused_with_the_way_out(outputs: Path) -> None:
    promoted(outputs, 1, 2)
    with pytest.raises(ChampionError, match=r"^the package package-v1-1 [^\n]*run-1[^\n]*retrain[^\n]*--force[^\n]*$"):
        check_rollback()


@pytest.mark.parametrize("numbers", [(), (1,)])
def test_where_there_is_nothing_to_go_back_to_the_rollback_itself_says_so(
    outputs: Path, numbers: tuple[int, ...]
) -> None:
    promoted(outputs, *numbers)
    check_rollback()
