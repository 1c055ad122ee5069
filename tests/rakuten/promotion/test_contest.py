"""The decision on a challenger: what a gate decides by itself, and what a person decides."""

from decided import candidate, decided

from rakuten.promotion.champions import Reign, Standing
from rakuten.promotion.contest import Contest, decide
from rakuten.promotion.decisions import Decision, Outcome
from rakuten.promotion.floor import MEMBERS, ORIGIN, TEST_PRODUCTS
from rakuten.promotion.gate import CONTRACTS, LEAD, Check
from rakuten.runs.records import RunRecord


def record(number: int) -> RunRecord:
    return RunRecord(run=f"run-{number}", flow="retrain", started="2026-01-01T00:00:00+00:00", parameters={}, plan={})


def reign(number: int, *, generated: bool = False) -> Reign:
    who = candidate(number).model_copy(update={"generated": generated})
    return Reign(candidate=who, since="2026-01-01T00:00:00+00:00", decision=decided(number))


def decision(
    *failing: str, standing: Standing | None = None, generated: bool = False, named: bool = False, force: bool = False
) -> Decision:
    """The decision on run-2 whose checks all hold but for those that fail."""
    met = standing.champion if standing else None
    contest = Contest(
        standing=standing or Standing(),
        challenger=record(2),
        candidate=candidate(2).model_copy(update={"generated": generated}),
        champion=record(1) if met else None,
        is_for_first_champion=met is None or (met.candidate.generated and not generated),
    )
    checks = [Check(name=name, passed=False, words="why") for name in failing] or [
        Check(name=LEAD, passed=True, words="why")
    ]
    return decide(contest, checks, "judge-v1-1", force=force, reason="", named=named)


def test_a_first_champion_that_meets_every_condition_is_promoted_by_itself() -> None:
    assert decision().outcome is Outcome.PROMOTED
    assert decision().words.startswith("run-2 promoted: the first champion")


def test_a_first_champion_on_too_few_products_waits_for_a_person_and_says_so_in_one_line() -> None:
    found = decision(TEST_PRODUCTS, MEMBERS)
    assert found.outcome is Outcome.REFUSED
    assert "a person can decide so: `rakuten promote run-2`" in found.words
    assert TEST_PRODUCTS in found.words
    assert "\n" not in found.words


def test_a_person_who_names_the_run_makes_it_the_first_champion_and_the_failed_checks_are_kept() -> None:
    found = decision(TEST_PRODUCTS, named=True)
    assert found.outcome is Outcome.PROMOTED
    assert not found.forced
    assert "named by a person" in found.words
    assert [check.name for check in found.failed] == [TEST_PRODUCTS]


def test_broken_contracts_are_overridden_by_force_alone() -> None:
    found = decision(CONTRACTS, named=True)
    assert found.outcome is Outcome.REFUSED
    assert "`rakuten promote run-2 --force --reason TEXT`" in found.words
    assert decision(CONTRACTS, force=True).outcome is Outcome.PROMOTED


def test_generated_products_make_no_champion_unless_a_person_says_so() -> None:
    assert [check.name for check in decision(generated=True).failed] == [ORIGIN]
    assert decision(generated=True).outcome is Outcome.REFUSED
    assert decision(generated=True, named=True).outcome is Outcome.PROMOTED


def test_generated_products_never_replace_a_champion_of_real_ones_without_force() -> None:
    real = Standing(reigns=(reign(1),))
    found = decision(standing=real, generated=True, named=True)
    assert found.outcome is Outcome.REFUSED
    assert [check.name for check in found.failed] == [ORIGIN]
    assert decision(standing=real, generated=True, force=True).outcome is Outcome.PROMOTED


def test_in_a_demonstration_the_gate_goes_on_with_generated_products() -> None:
    demonstration = Standing(reigns=(reign(1, generated=True),))
    assert decision(standing=demonstration, generated=True).outcome is Outcome.PROMOTED
    assert decision(LEAD, standing=demonstration, generated=True).outcome is Outcome.REFUSED


def test_a_champion_of_generated_products_gives_way_to_the_first_sound_model_of_real_ones() -> None:
    demonstration = Standing(reigns=(reign(1, generated=True),))
    assert decision(standing=demonstration).outcome is Outcome.PROMOTED
    assert decision(TEST_PRODUCTS, standing=demonstration).outcome is Outcome.REFUSED


def test_a_challenger_is_refused_for_any_check_whoever_names_it() -> None:
    found = decision(LEAD, standing=Standing(reigns=(reign(1),)), named=True)
    assert found.outcome is Outcome.REFUSED
    assert found.against == "run-1"


def test_who_is_champion_already_or_was_rolled_back_is_not_decided_again() -> None:
    assert decision(standing=Standing(reigns=(reign(2),))).outcome is Outcome.UNCHANGED
    withdrawn = Standing(reigns=(reign(1),), withdrawn=("package-v1-2",))
    assert (
        decision(standing=withdrawn).words
        == "run-2 refused over run-1: it was rolled back; --force promotes it all the same"
    )
