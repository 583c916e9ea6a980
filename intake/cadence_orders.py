"""Orders about cadences within a greater whole: drafts that are stated, checked and published."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from db.engine import Session
from db.operations import cadences
from db.operations.cadences import Basis
from db.operations.refusal import Refused
from db.queries.templates import saved_names
from dunning.cadence import Cadence
from intake.cadence_file import sound_cadence
from intake.documents import Misplaced
from intake.publishing import Switched, drafted_candidate, switch_in
from intake.stated_cadence import StatedCadence
from phrase import phrase


def read_stated(session: Session, stated: Mapping[str, Any]) -> Cadence:
    """Return the cadence that is stated as in a file. Raises Misplaced for the first that is wrong with it."""
    try:
        read = StatedCadence.model_validate(stated)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Misplaced(first["loc"], first["msg"].removeprefix("Value error, ")) from error
    return sound_cadence(read, lambda: saved_names(session))


def state_draft(session: Session, stated: Mapping[str, Any]) -> int:
    """Keep a cadence, stated as in a file, as the draft of its next version; return its number. Raises Refused."""
    try:
        cadence = read_stated(session, stated)
    except Misplaced as misplaced:
        raise Refused(
            "{place}: {problem}", place=_place(misplaced.place), problem=phrase(str(misplaced))
        ) from misplaced
    return cadences.draft(session, cadence)


def publish_draft(
    session: Session, name: str, make_default: bool, by: str, basis: Basis | None = None
) -> Switched:
    """Put the draft of the cadence in force, and order that its collections adopt it. Raises Refused.

    With a `basis` nothing is published that was not looked at.
    """
    cadences.one_editor_at_a_time(session)
    candidate = drafted_candidate(session, name)
    if basis is not None:
        candidate = replace(candidate, basis=basis)
    return switch_in(session, candidate, make_default, by)


def _place(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path))
