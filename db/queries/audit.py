"""Reads who did what, page by page."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.tables.access import AuditEntry


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One thing that somebody did."""

    id: int
    at: datetime
    actor: str
    verb: str
    about_kind: str
    about_name: str
    details: dict[str, Any]
    address: str | None


# Each different value is one step in the index ix_audit_log_actor or ix_audit_log_verb: the log may be long.
_DIFFERENT = """
WITH RECURSIVE known AS (
  (SELECT {column} AS value FROM audit_log ORDER BY {column} LIMIT 1)
  UNION ALL
  SELECT (SELECT {column} FROM audit_log WHERE {column} > known.value ORDER BY {column} LIMIT 1)
    FROM known WHERE known.value IS NOT NULL
)
SELECT value FROM known WHERE value IS NOT NULL LIMIT :limit
"""
_ACTORS = text(_DIFFERENT.format(column="actor"))
_VERBS = text(_DIFFERENT.format(column="verb"))


def audit_page(
    session: Session,
    limit: int,
    *,
    before_id: int | None = None,
    actor: str | None = None,
    verb: str | None = None,
) -> list[AuditLine]:
    """Return what was done, the newest first.

    By the primary key, ix_audit_log_actor, ix_audit_log_verb or ix_audit_log_actor_verb.
    """
    statement = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(AuditEntry.id < before_id)
    if actor:
        statement = statement.where(AuditEntry.actor == actor)
    if verb:
        statement = statement.where(AuditEntry.verb == verb)
    return [_line(entry) for entry in session.scalars(statement)]


def audit_actors(session: Session, limit: int = 200) -> list[str]:
    """Return who did anything, by name."""
    return list(session.scalars(_ACTORS, {"limit": limit}))


def audit_verbs(session: Session, limit: int = 200) -> list[str]:
    """Return what was ever done, by name."""
    return list(session.scalars(_VERBS, {"limit": limit}))


def _line(entry: AuditEntry) -> AuditLine:
    return AuditLine(
        entry.id,
        entry.at,
        entry.actor,
        entry.verb,
        entry.about_kind,
        entry.about_name,
        entry.details,
        entry.address,
    )
