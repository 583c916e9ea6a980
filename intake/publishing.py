"""Publishes cadences: from a file or a draft, over what it changes, to every collection under it.

The switch of the version is one short transaction, and from then on every decision is made by it. The walk over
the collections that follows may die at any moment: every worker goes on with it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import structlog

from db.engine import Engine, LedgerUnavailable, Session, transaction
from db.operations import cadences
from db.operations.cadences import Basis
from db.operations.change import SYSTEM, Change
from db.operations.refusal import Refused
from db.operations.rollout import RolledOut, park_outdated, roll_out_page
from db.queries.calendar import local_date
from db.queries.catalogue import Version, version_of
from db.queries.senders import sender_named
from db.queries.templates import saved_names
from db.queries.under import Outdated, count_outdated, outdated_invoice_ids, outdated_versions
from dunning.cadence import Cadence
from intake.cadence_file import read_cadence, wrong_texts
from intake.cadence_texts import text_findings
from intake.cadence_warnings import warnings_of

PAGE = 200
# A walk that was left half-way is taken up within this time.
IDLE_SECONDS = 5.0
# As for a process that cannot be planned: it looks again by itself.
PARKED_FOR = timedelta(hours=1)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cadence that is to be published, the version that it would replace, and what was looked at.

    `warnings` are one sentence each for what may not be meant.
    """

    cadence: Cadence
    in_force: Version | None
    basis: Basis
    warnings: tuple[str, ...] = ()

    @property
    def is_in_force(self) -> bool:
        """Say whether publishing it would change nothing."""
        return self.in_force is not None and self.in_force.cadence == self.cadence


def saved_names_at(engine: Engine) -> frozenset[str]:
    """Return the names of the saved templates; none while the ledger is away, when nothing is published anyway."""
    try:
        with transaction(engine) as session:
            return saved_names(session)
    except LedgerUnavailable:
        return frozenset()


def candidate_of(engine: Engine, file_or_name: str) -> Candidate:
    """Return what is to be published, as `_stated` finds it, once its senders are there and its texts go with it.

    Raises BadCadence for the file, and Refused for the name, a sender or a text.
    """
    candidate = _stated(engine, file_or_name)
    warnings = warnings_of(candidate.cadence)
    with transaction(engine) as session:
        for step in candidate.cadence.steps:
            if step.sender is not None and sender_named(session, step.sender) is None:
                raise Refused(f"step {step.id}: there is no sender {step.sender}; see duewell sender add")
        # What is in force already may be brought to the rest of its collections whatever its texts say by now.
        found = () if candidate.is_in_force else text_findings(session, candidate.cadence)
    errors = [one for one in found if one.finding.severity == "error"]
    if errors:
        more = f" ({len(errors)} errors in all)" if len(errors) > 1 else ""
        raise Refused(f"{errors[0]}{more}")
    return replace(candidate, warnings=(*warnings, *map(str, found)))


def _stated(engine: Engine, file_or_name: str) -> Candidate:
    """Return what is to be published: the cadence of a file, or the draft of the cadence with this name.

    Raises BadCadence for the file, and Refused for the name.
    """
    path = Path(file_or_name)
    looks_like_path = (
        path.suffix.lower() in (".yaml", ".yml") or len(path.parts) > 1 or file_or_name.startswith(".")
    )
    is_file = looks_like_path or path.is_file()
    # Read before the ledger is asked: a bad file is refused whatever stands there.
    stated = read_cadence(path, partial(saved_names_at, engine)) if is_file else None
    with transaction(engine) as session:
        if looks_like_path and stated is not None:
            return _candidate(stated, version_of(session, stated.name, "published"), None)
        draft = version_of(session, file_or_name, "draft")
        in_force = version_of(session, file_or_name, "published")
        if stated is not None:
            if draft is not None or in_force is not None:
                raise Refused(f"{file_or_name} is a file and a cadence; write ./{file_or_name} for the file")
            return _candidate(stated, version_of(session, stated.name, "published"), None)
        if draft is None:
            stands = "there is no file and no cadence of that name"
            if in_force is not None:
                stands = f"it has no draft, and version {in_force.number} is published"
            raise Refused(f"{file_or_name} cannot be published: {stands}")
    wrong = wrong_texts(draft.cadence, partial(saved_names_at, engine))
    if wrong:
        index, key, what = wrong[0]
        raise Refused(f"the draft of {file_or_name}, step {draft.cadence.steps[index].id}, {key}: {what}")
    return _candidate(draft.cadence, in_force, draft)


def _candidate(cadence: Cadence, in_force: Version | None, draft: Version | None) -> Candidate:
    basis = Basis(None if in_force is None else in_force.id, None if draft is None else draft.id)
    return Candidate(cadence, in_force, basis)


def switch(engine: Engine, candidate: Candidate, make_default: bool, by: str) -> int:
    """Put the candidate in force, and return its version's number. Raises Refused if the ledger moved on."""
    with transaction(engine) as session:
        return cadences.publish(session, candidate.cadence, make_default, basis=candidate.basis, by=by)


@dataclass(frozen=True, slots=True)
class Reached:
    """How many collections adopted the published version here, and how many got another next action by it."""

    adopted: int = 0
    changed: int = 0


def roll_out(
    engine: Engine, by: str, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Reached:
    """Let every collection adopt the published version of its cadence, and return how many did so here."""
    reached = Reached()
    with transaction(engine) as session:
        outdated = outdated_versions(session)
        total = count_outdated(session, outdated)
    for one in outdated:
        after_id: int | None = 0
        while after_id is not None:
            page = roll_out_some(engine, one, after_id, by)
            reached = Reached(reached.adopted + page.adopted, reached.changed + page.changed)
            progress(min(reached.adopted, total), total)
            after_id = page.reached_id
    return reached


async def keep_rolled_out(engine: Engine) -> None:
    """Go on with what a `publish` left half-way, for ever; a ledger that is away is waited for."""
    while True:
        try:
            for one in await asyncio.to_thread(_outdated, engine):
                after_id: int | None = 0
                while after_id is not None:
                    page = await asyncio.to_thread(roll_out_some, engine, one, after_id)
                    after_id = page.reached_id
        except LedgerUnavailable as error:
            log.warning("the ledger is away, cadences wait to be rolled out", reason=str(error))
        await asyncio.sleep(IDLE_SECONDS)


def roll_out_some(engine: Engine, outdated: Outdated, after_id: int, by: str = SYSTEM) -> RolledOut:
    """Let a page of collections adopt the published version; one that cannot be decided holds up no other."""
    try:
        return _page(engine, outdated, after_id, PAGE, by)
    except LedgerUnavailable:
        raise
    except Exception:
        log.exception("a page is rolled out one by one", version_id=outdated.version_id, after_id=after_id)
    with transaction(engine) as session:
        ids = outdated_invoice_ids(session, outdated, after_id, PAGE)
    adopted = changed = 0
    for invoice_id in ids:
        try:
            page = _page(engine, outdated, invoice_id - 1, 1, by)
            adopted, changed = adopted + page.adopted, changed + page.changed
        except LedgerUnavailable:
            raise
        except Exception as error:
            _park(engine, invoice_id, error, by)
            adopted, changed = adopted + 1, changed + 1
    return RolledOut(max(ids, default=None), adopted, changed)


def _page(engine: Engine, outdated: Outdated, after_id: int, limit: int, by: str) -> RolledOut:
    with transaction(engine) as session:
        return roll_out_page(session, outdated, after_id, limit, _change(session, by))


def _park(engine: Engine, invoice_id: int, error: Exception, by: str) -> None:
    reason = f"{type(error).__name__}: {error}"
    log.exception("collection parked", invoice_id=invoice_id, reason=reason)
    with transaction(engine) as session:
        change = _change(session, by)
        park_outdated(session, invoice_id, reason, change.at + PARKED_FOR, change)


def _outdated(engine: Engine) -> list[Outdated]:
    with transaction(engine) as session:
        return outdated_versions(session)


def _change(session: Session, by: str) -> Change:
    now = datetime.now(UTC)
    return Change(now, local_date(session, now), by)
