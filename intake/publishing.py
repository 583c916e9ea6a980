"""Publishes cadences: from a file or a draft, over what it changes, to every collection under it.

The switch of the version is one short transaction, and from then on every decision is made by it. The walk over
the collections that follows is a job: whoever drives it may die at any moment, and every worker goes on with it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from db.engine import Engine, LedgerUnavailable, Session, transaction
from db.operations import cadences
from db.operations.cadences import Basis
from db.operations.refusal import Refused
from db.queries.catalogue import Version, version_of
from db.queries.senders import sender_named
from db.queries.templates import saved_names
from dunning.cadence import Cadence
from intake.cadence_file import read_cadence, wrong_texts
from intake.cadence_texts import text_findings
from intake.cadence_warnings import warnings_of
from intake.jobs.driver import drive
from intake.jobs.publish import open_publish
from phrase import Phrase, phrase


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
    with transaction(engine) as session:
        return _checked(session, candidate)


def drafted_candidate(session: Session, name: str) -> Candidate:
    """Return the draft of the cadence, which is to be published, once all of it can be. Raises Refused."""
    draft, in_force = version_of(session, name, "draft"), version_of(session, name, "published")
    if draft is None:
        stands = (
            Phrase("it has no draft")
            if in_force is None
            else Phrase("version {number} is published, without a draft", number=in_force.number)
        )
        raise Refused("{name} cannot be published: {stands}", name=name, stands=stands)
    _require_texts(name, draft.cadence, lambda: saved_names(session))
    return _checked(session, _candidate(draft.cadence, in_force, draft))


def _checked(session: Session, candidate: Candidate) -> Candidate:
    warnings = warnings_of(candidate.cadence)
    for step in candidate.cadence.steps:
        if step.sender is not None and sender_named(session, step.sender) is None:
            raise Refused(
                "step {step}: there is no sender {sender}; see duewell sender add",
                step=step.id,
                sender=step.sender,
            )
    # What is in force already may be brought to the rest of its collections whatever its texts say by now.
    found = () if candidate.is_in_force else text_findings(session, candidate.cadence)
    errors = [one for one in found if one.finding.severity == "error"]
    if errors:
        problem = phrase(str(errors[0]))
        if len(errors) > 1:
            raise Refused("{problem} ({count} errors in all)", problem=problem, count=len(errors))
        raise Refused(problem)
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
                raise Refused(
                    "{file_or_name} is a file and a cadence; write ./{file_or_name} for the file",
                    file_or_name=file_or_name,
                )
            return _candidate(stated, version_of(session, stated.name, "published"), None)
        if draft is None:
            stands = Phrase("there is no file and no cadence of that name")
            if in_force is not None:
                stands = Phrase("it has no draft, and version {number} is published", number=in_force.number)
            raise Refused("{file_or_name} cannot be published: {stands}", file_or_name=file_or_name, stands=stands)
    _require_texts(file_or_name, draft.cadence, partial(saved_names_at, engine))
    return _candidate(draft.cadence, in_force, draft)


def _require_texts(name: str, draft: Cadence, saved: Callable[[], frozenset[str]]) -> None:
    wrong = wrong_texts(draft, saved)
    if wrong:
        index, key, what = wrong[0]
        raise Refused(
            "the draft of {name}, step {step}, {key}: {what}",
            name=name,
            step=draft.steps[index].id,
            key=key,
            what=phrase(what),
        )


def _candidate(cadence: Cadence, in_force: Version | None, draft: Version | None) -> Candidate:
    basis = Basis(None if in_force is None else in_force.id, None if draft is None else draft.id)
    return Candidate(cadence, in_force, basis)


@dataclass(frozen=True, slots=True)
class Switched:
    """The version that was put in force, and the job that brings it to its collections."""

    number: int
    job_id: int


def switch(engine: Engine, candidate: Candidate, make_default: bool, by: str) -> Switched:
    """Put the candidate in force, and order that its collections adopt it. Raises Refused if all moved on."""
    with transaction(engine) as session:
        return switch_in(session, candidate, make_default, by)


def switch_in(session: Session, candidate: Candidate, make_default: bool, by: str) -> Switched:
    """Do the same as a part of the transaction. Raises Refused if the ledger moved on."""
    number = cadences.publish(session, candidate.cadence, make_default, basis=candidate.basis, by=by)
    return Switched(number, open_publish(session, by, candidate.cadence.name, number))


@dataclass(frozen=True, slots=True)
class Reached:
    """How many collections adopted the published version, and how many got another next action by it."""

    adopted: int = 0
    changed: int = 0


def roll_out(
    engine: Engine, job_id: int, progress: Callable[[int, int], None] = lambda _done, _total: None
) -> Reached:
    """Let every collection adopt the published version of its cadence, beside workers that do so too."""
    ended = drive(engine, job_id, lambda job: progress(job.done, max(job.done, job.total or 0)))
    return Reached(ended.done, ended.changed + ended.failed)
