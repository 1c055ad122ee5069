"""Who meets whom at the gate, what came of it, and telling it: to the UI, to whoever waits for events, to MLflow."""

import logging

from rakuten.errors import ChampionChangedError, ChampionError, InputError, RegistryError
from rakuten.outputs import StageOutput
from rakuten.pages.markdown import escape_markdown
from rakuten.promotion.champions import ChampionBook, Standing
from rakuten.promotion.contest import Contest, decide
from rakuten.promotion.decisions import Decision, Outcome, candidate_of
from rakuten.promotion.naming import named_run, run_of_champion
from rakuten.promotion.registry import Registry
from rakuten.promotion.rules import GateRules, load_rules
from rakuten.promotion.stages import read_checks
from rakuten.recipes import Plan
from rakuten.runs.records import RunRecord, Status
from rakuten.runs.run_outputs import Role
from rakuten.settings import Settings
from tasks.observability.events import tell_of_decision
from tasks.observability.publishing import publish_markdown, publish_table
from tasks.runs import run_book

logger = logging.getLogger("rakuten.promotion")

# What a challenger's data was held against, by role.
CONTRACTS: tuple[Role, ...] = ("validation", "clean contract")


def open_contest(run: str, *, force: bool) -> Contest:
    """Find out who meets whom.

    Args:
        run: Id of a retrain run, or the start of one; "newest": the newest completed one.
        force: Whether a person has decided already.

    Raises:
        RunNotFoundError: If there is no such run, or the champion's is gone.
        InputError: If the run was not completed, or one of both split its products as the report did.
        ChampionError: If the record of the champion is damaged or lost.
    """
    book = run_book()
    challenger = named_run(book, run)
    if challenger.status is not Status.COMPLETED:
        raise InputError(f"run {challenger.run} {book.status(challenger)}; only a completed one can be promoted")
    snapshot = challenger.key("snapshot")
    candidate = candidate_of(challenger, book.store.find(snapshot) if snapshot else None)
    standing = _standing(force)
    met = standing.champion
    if force or candidate.package in (met and met.candidate.package, *standing.withdrawn):
        return Contest(standing, challenger, candidate, None)
    if met is None or (met.candidate.generated and not candidate.generated):
        return Contest(standing, challenger, candidate, None, is_for_first_champion=True)
    champion = run_of_champion(book, met)
    for record in (champion, challenger):
        if Plan.model_validate(record.plan).split.method != "content":
            raise InputError(
                f"run {record.run} split its products as the report did: no test against another run is fair, whose "
                "test products it may have learnt from; --force promotes it all the same"
            )
    return Contest(standing, challenger, candidate, champion)


def run_of(model: str) -> RunRecord:
    """The run that a name of a model means, see `named_run`."""
    return named_run(run_book(), model)


def reigning_run() -> str | None:
    """The champion's run; None until there is one.

    Raises:
        ChampionError: If the record of the champion is damaged or lost.
    """
    champion = ChampionBook(Settings().outputs_folder).read().champion
    return champion.candidate.run if champion else None


def learnt_from_others(champion: str, run: str) -> bool:
    """Whether a champion's run learnt from other products than another run; if not, there is no drift to measure."""
    book = run_book()
    return book.find(champion).key("clean") != book.find(run).key("clean")


def contracts_of(record: RunRecord) -> tuple[StageOutput, ...]:
    """The contracts that a run's data was held against.

    Raises:
        RunNotFoundError: If one is gone.
    """
    book = run_book()
    return tuple(book.output(record, role) for role in CONTRACTS)


def gate_rules() -> GateRules:
    """The gate's rules on this machine.

    Raises:
        RecipeError: If their file is absent or does not validate.
    """
    return load_rules(Settings().gate)


def conclude(
    contest: Contest, judgement: StageOutput | None, *, force: bool, reason: str, named: bool = False
) -> Decision | None:
    """Decide, record it, carry it out and tell of it.

    Args:
        contest: Who met whom.
        judgement: Of the challenger; None where nothing was to be judged.
        force: Whether a person overrides the gate.
        reason: Why.
        named: Whether a person chose this run: enough for a first champion whose evidence is thin.

    Returns:
        The decision: a new one, or the one that the same judgement led to before; None where the champion changed
        meanwhile, so that the contest is to be opened anew.
    """
    book = ChampionBook(Settings().outputs_folder)
    checks = read_checks(judgement) if judgement else ()
    decision = decide(contest, checks, judgement.key if judgement else None, force=force, reason=reason, named=named)
    if decision.outcome is Outcome.UNCHANGED:
        logger.info("%s", decision.words)
        return decision
    if decision.outcome is Outcome.REFUSED and (before := _before(book, decision)) is not None:
        logger.info("decided before, at %s: %s", before.decided, before.words)
        return before
    try:
        book.settle(decision, contest.standing.edition)
    except ChampionChangedError as changed:
        logger.warning("%s; judging it again", changed)
        return None
    _publish(decision)
    return decision


def tell_registry() -> None:
    """Tell MLflow what it does not know yet; where that fails it is logged as an error and tried again next time."""
    registry = Registry(Settings().outputs_folder, Settings().mlflow)
    try:
        registry.tell()
    except RegistryError as error:
        logger.error("%s", error)


def _standing(force: bool) -> Standing:
    try:
        return ChampionBook(Settings().outputs_folder).read()
    except ChampionError as error:
        if not force:
            raise
        logger.warning("%s", error)
        return Standing()


def _before(book: ChampionBook, decision: Decision) -> Decision | None:
    """The same refusal, recorded earlier."""

    def essence(found: Decision) -> tuple[object, ...]:
        return found.outcome, found.candidate.package, found.against, found.judgement, found.reason

    return next((found for found in reversed(book.decisions()) if essence(found) == essence(decision)), None)


def _publish(decision: Decision) -> None:
    """Show a new decision in the UI and emit its event."""
    logger.info("%s", decision.words)
    rows = [{"check": check.name, "passed": check.passed, "why": check.words} for check in decision.checks]
    if rows:
        publish_table(rows, key="promotion-checks", description=f"The gate, run {decision.candidate.run}")
    lines = [
        f"- {'✓' if check.passed else '✗'} **{escape_markdown(check.name)}**: {escape_markdown(check.words)}"
        for check in decision.checks
    ]
    publish_markdown(
        "\n".join(
            [f"# {decision.candidate.run}: {decision.outcome.value}", "", escape_markdown(decision.words), "", *lines]
        ),
        key="promotion",
        description=decision.words[:250],
    )
    tell_of_decision(decision)
