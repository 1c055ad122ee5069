"""The plan of a backfill: what dumps share is counted once, and one that would be refused stops no other."""

from rakuten.errors import DumpError
from rakuten.runs.planning import Expectation
from rakuten.stages import Pending
from tasks.backfills import BackfillPlanner


def found(key: str) -> Expectation:
    return Expectation("read", "", key, True, "found", None, 0.0)


def images(key: str, missing: set[str], total: int, seconds: float | None) -> Expectation:
    pending = Pending(len(missing), total, "images", frozenset(missing))
    return Expectation("inspect", "", key, False, "never run", pending, seconds)


def training(key: str, seconds: float | None) -> Expectation:
    return Expectation("train", "dnn", key, False, "never run", None, seconds)


def test_images_that_an_earlier_dump_brings_are_not_new_in_a_later_one() -> None:
    planner = BackfillPlanner()
    first = planner.plan("a", lambda: [found("r"), images("i1", {"x", "y", "z"}, 4, 180.0), training("t1", 60.0)])
    second = planner.plan("b", lambda: [found("r"), images("i2", {"x", "y", "z", "w"}, 5, 240.0), training("t2", 60.0)])
    assert (first.stages, first.cached, first.images, first.new_images, first.minutes) == (3, 1, 4, 3, 4.0)
    assert (second.images, second.new_images, second.minutes) == (5, 1, 2.0)


def test_a_dump_of_the_same_content_is_made_once() -> None:
    planner = BackfillPlanner()
    planner.plan("a", lambda: [training("t", 60.0)])
    again = planner.plan("copy of a", lambda: [training("t", 60.0)])
    assert (again.cached, again.minutes) == (1, 0.0)


def test_work_that_was_never_timed_is_counted_apart() -> None:
    plan = BackfillPlanner().plan("a", lambda: [training("t", None), training("u", 30.0)])
    assert (plan.untimed, plan.minutes) == (1, 0.5)


def test_a_dump_that_would_be_refused_is_told_and_stops_no_other() -> None:
    def refuse() -> list[Expectation]:
        raise DumpError("no labels")

    planner = BackfillPlanner()
    assert planner.plan("a", refuse).refused == "no labels"
    assert planner.plan("b", lambda: [found("r")]).cached == 1
