"""Writes down who did what. Entries only come, none is changed or goes."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from db.tables.access import AuditEntry

_NOTED = "audit entries of this transaction"


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts: the name that the log keeps, the user if it is one, and the address that they come from."""

    by: str
    user_id: int | None = None
    address: str | None = None


def note(session: Session, acting: Acting, verb: str, about_kind: str, about_name: str, **details: Any) -> None:
    """Write down, within the transaction of the change itself, what is done to what."""
    statement = insert(AuditEntry).values(
        actor=acting.by,
        user_id=acting.user_id,
        verb=verb,
        about_kind=about_kind,
        about_name=about_name,
        details={key: value for key, value in details.items() if value is not None},
        address=acting.address,
    )
    session.execute(statement)
    session.info[_NOTED] = count_noted(session) + 1


def count_noted(session: Session) -> int:
    """Return how many entries were written in this session."""
    noted: int = session.info.get(_NOTED, 0)
    return noted
