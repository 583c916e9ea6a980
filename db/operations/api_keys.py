"""Keeps the keys of the REST API."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.refusal import Refused
from db.queries.api_keys import USE_NOTED_EVERY
from db.tables.api import ApiKey


def add_key(
    session: Session,
    name: str,
    prefix: str,
    digest: str,
    scopes: Sequence[str],
    expires_at: datetime | None,
    by: str,
) -> None:
    """Keep a new key by its SHA-256. Raises Refused if a key bore the name, be it revoked or not."""
    statement = insert(ApiKey).values(
        name=name, prefix=prefix, digest=digest, scopes=list(scopes), expires_at=expires_at, created_by=by
    )
    added = session.scalar(statement.on_conflict_do_nothing(index_elements=["name"]).returning(ApiKey.id))
    if added is None:
        # Timelines name keys, and must go on to mean one of them.
        raise Refused("there is or was a key called {name!r}; take another name", name=name)


def revoke_key(session: Session, name: str, at: datetime) -> bool:
    """End a key at once; say whether that is new. Raises Refused if there is none of the name."""
    key = session.scalar(select(ApiKey).where(ApiKey.name == name).with_for_update())
    if key is None:
        raise Refused("there is no key called {name!r}", name=name)
    if key.revoked_at is not None:
        return False
    key.revoked_at = at
    return True


def note_use(session: Session, key_id: int, at: datetime) -> None:
    """Note that the key was used, once a minute at most."""
    is_old = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < at - USE_NOTED_EVERY)
    session.execute(update(ApiKey).where(ApiKey.id == key_id, is_old).values(last_used_at=at))
