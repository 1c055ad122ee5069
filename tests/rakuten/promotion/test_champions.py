"""The champion's book: promotions, rollbacks, several at once, and what is damaged or lost."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from decided import candidate, decided
from hypothesis import given, settings
from hypothesis import strategies as st

from rakuten.errors import ChampionChangedError, ChampionError, NoChampionError, RunNotFoundError
from rakuten.outputs import OutputStore
from rakuten.promotion.champions import DECISIONS, POINTER, ChampionBook
from rakuten.promotion.decisions import Outcome
from rakuten.promotion.naming import named_run
from rakuten.runs.records import RunBook, Status


def reigning(book: ChampionBook, *numbers: int) -> ChampionBook:
    """The book after these were promoted one after the other."""
    for number in numbers:
        book.settle(decided(number), book.read().edition)
    return book


def test_whoever_is_promoted_reigns_and_a_rollback_puts_the_one_before_back(tmp_path: Path) -> None:
    book = reigning(ChampionBook(tmp_path), 1, 2, 3)
    assert book.champion().candidate.run == "run-3"
    assert book.read().needed_runs == ("run-2", "run-3")
    assert book.roll_back("slow").words == "run-2 rolled back over run-3: slow"
    assert book.champion().candidate.run == "run-2"
    book.roll_back("")
    assert book.champion().candidate.run == "run-1"
    assert set(book.read().withdrawn) == {"package-v1-3", "package-v1-2"}
    with pytest.raises(NoChampionError, match="no earlier champion"):
        book.roll_back("")


def test_a_refusal_is_recorded_and_changes_nothing(tmp_path: Path) -> None:
    book = reigning(ChampionBook(tmp_path), 1)
    before = book.read()
    book.settle(decided(2, Outcome.REFUSED), before.edition)
    assert book.read() == before
    assert [found.outcome for found in book.decisions()] == [Outcome.PROMOTED, Outcome.REFUSED]
    assert book.decisions()[-1].words == "run-2 refused: lead: why"


def test_whoever_comes_back_by_force_is_withdrawn_no_more(tmp_path: Path) -> None:
    book = reigning(ChampionBook(tmp_path), 1, 2)
    book.roll_back("")
    reigning(book, 2)
    assert book.read().withdrawn == ()


def test_nobody_reigns_before_the_first_promotion(tmp_path: Path) -> None:
    assert ChampionBook(tmp_path).read().champion is None
    with pytest.raises(NoChampionError, match="rakuten promote"):
        ChampionBook(tmp_path).champion()


def test_of_two_promotions_at_once_the_later_one_is_told_to_judge_anew(tmp_path: Path) -> None:
    book = reigning(ChampionBook(tmp_path), 1)
    edition = book.read().edition

    def promote(number: int) -> str:
        try:
            book.settle(decided(number), edition)
        except ChampionChangedError:
            return "judge anew"
        return "promoted"

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(promote, range(2, 10)))
    assert sorted(outcomes) == ["judge anew"] * 7 + ["promoted"]
    assert [reign.candidate.run for reign in book.read().reigns] == ["run-1", f"run-{2 + outcomes.index('promoted')}"]


def test_a_decision_that_a_crash_kept_from_its_file_is_known_from_its_reign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = reigning(ChampionBook(tmp_path), 1)
    with monkeypatch.context() as crashing:
        crashing.setattr(ChampionBook, "_note", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            book.settle(decided(2), book.read().edition)
    assert len(list((book.folder / DECISIONS).iterdir())) == 1
    assert book.champion().candidate.run == "run-2"
    assert [found.candidate.run for found in book.decisions()] == ["run-1", "run-2"]


def test_a_damaged_book_is_an_error_that_says_how_to_go_on(tmp_path: Path) -> None:
    book = reigning(ChampionBook(tmp_path), 1)
    (book.folder / POINTER).write_text('{"layout": 2}', "utf-8")
    with pytest.raises(ChampionError, match=r"layout 2, of another version.*backup.*--force"):
        book.read()
    with pytest.raises(ChampionError):
        book.settle(decided(2), 0)
    book.settle(decided(2, forced=True, reason="the book was damaged"), 0)
    assert book.champion().candidate.run == "run-2"
    assert (book.folder / f"{POINTER}.damaged").is_file()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 20)


def another_type(path: Path) -> None:
    path.write_text("[1, 2]", "utf-8")


def another_version(path: Path) -> None:
    path.write_text(path.read_text("utf-8").replace('"layout": 1', '"layout": 2'), "utf-8")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "something").touch()


def link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to("nothing")


def link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


DAMAGES = [empty, truncated, garbage, another_type, another_version, folder, link_to_nothing, link_to_itself]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_champion_file_that_cannot_be_read_is_one_line_and_is_put_aside_by_force(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    book = reigning(ChampionBook(tmp_path), 1)
    damage(book.folder / POINTER)
    with pytest.raises(ChampionError, match=r"^[^\n]*champion\.json [^\n]*backup[^\n]*--force[^\n]*$"):
        book.read()
    with pytest.raises(ChampionError):
        book.settle(decided(2), 0)
    book.settle(decided(2, forced=True, reason="the file was damaged"), 0)
    assert book.champion().candidate.run == "run-2"
    assert os.path.lexists(book.folder / f"{POINTER}.damaged")


def test_what_was_put_aside_is_never_overwritten(tmp_path: Path) -> None:
    book = reigning(ChampionBook(tmp_path), 1)
    for content in ("first", "second"):
        (book.folder / POINTER).write_text(content, "utf-8")
        book.settle(decided(2, forced=True, reason="damaged"), 0)
    kept = [(book.folder / f"{POINTER}.{name}").read_text("utf-8") for name in ("damaged", "damaged-2")]
    assert kept == ["first", "second"]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_decision_that_cannot_be_read_is_passed_over_with_a_warning(
    tmp_path: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    book = reigning(ChampionBook(tmp_path), 1)
    refused = decided(2, Outcome.REFUSED)
    book.settle(refused, book.read().edition)
    first, second = sorted((book.folder / DECISIONS).iterdir())
    damage(second)
    if damage is not another_version:
        assert [found.candidate.run for found in book.decisions()] == ["run-1"]
        assert "is passed over" in caplog.text
    damage(first)
    assert "run-1" in [found.candidate.run for found in book.decisions()], "its reign is known"


def test_a_file_in_place_of_the_decisions_folder_does_not_stop_a_promotion(tmp_path: Path) -> None:
    book = ChampionBook(tmp_path)
    book.folder.mkdir()
    (book.folder / DECISIONS).write_text("in the way", "utf-8")
    reigning(book, 1)
    assert book.champion().candidate.run == "run-1"
    assert len(list((book.folder / DECISIONS).iterdir())) == 1


def test_a_file_in_place_of_the_promotion_folder_is_one_line(tmp_path: Path) -> None:
    book = ChampionBook(tmp_path)
    book.folder.write_text("in the way", "utf-8")
    with pytest.raises(ChampionError, match="Not a directory"):
        book.read()


def test_a_lost_book_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    book = reigning(ChampionBook(tmp_path), 1)
    (book.folder / POINTER).unlink()
    with pytest.raises(ChampionError, match="is gone, although 1 decisions"):
        book.read()


def test_a_model_is_named_by_its_role_or_its_run(tmp_path: Path) -> None:
    runs = RunBook(OutputStore(tmp_path))
    made = [runs.open(flow="retrain", parameters={}, plan={"name": name}) for name in ("old", "new")]
    for record in made:
        runs.close(record, Status.COMPLETED)
    newest = runs.find(flow="retrain").run
    assert named_run(runs, "champion").run == newest, "before the first promotion"
    other = next(record.run for record in made if record.run != newest)
    reign = decided(1, candidate=candidate(1).model_copy(update={"run": other}))
    ChampionBook(tmp_path).settle(reign, 0)
    assert named_run(runs, "champion").run == other
    assert named_run(runs, "newest").run == newest
    assert named_run(runs, other).run == other
    with pytest.raises(RunNotFoundError):
        named_run(runs, "never")


def test_a_champion_whose_run_was_removed_is_one_line_with_the_ways_out(tmp_path: Path) -> None:
    reigning(ChampionBook(tmp_path), 1)
    with pytest.raises(RunNotFoundError, match=r"^the champion's run run-1 is gone[^\n]*rollback[^\n]*--force[^\n]*$"):
        named_run(RunBook(OutputStore(tmp_path)), "champion")


@given(moves=st.lists(st.sampled_from(["promote", "refuse", "back"]), max_size=12))
@settings(max_examples=25, deadline=None)
def test_the_book_is_a_stack_whatever_happens(tmp_path_factory: pytest.TempPathFactory, moves: list[str]) -> None:
    book = ChampionBook(tmp_path_factory.mktemp("book"))
    expected: list[str] = []
    for number, move in enumerate(moves):
        if move == "back":
            if len(expected) < 2:
                with pytest.raises(NoChampionError):
                    book.roll_back("")
                continue
            expected.pop()
            book.roll_back("")
        else:
            outcome = Outcome.PROMOTED if move == "promote" else Outcome.REFUSED
            book.settle(decided(number, outcome), book.read().edition)
            expected += [f"run-{number}"] if move == "promote" else []
        assert [reign.candidate.run for reign in book.read().reigns] == expected
        assert ChampionBook(book.folder.parent).read() == book.read()
