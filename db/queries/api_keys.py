"""Reads the keys of the REST API."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.tables.api import ApiKey

# A busy key would be one row that everybody writes.
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key as lists show it: by its name and its beginning; nobody can tell the rest."""

    id: int
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    def is_valid(self, at: datetime) -> bool:
        """Say whether requests may bear it at the moment."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    def needs_note(self, at: datetime) -> bool:
        """Say whether a use at the moment is worth noting."""
        return self.last_used_at is None or self.last_used_at < at - USE_NOTED_EVERY


def key_of_digest(session: Session, digest: str) -> KeyLine | None:
    """Return the key with this SHA-256, or None if there is none (uq_api_keys_digest)."""
    key = session.scalar(select(ApiKey).where(ApiKey.digest == digest))
    return None if key is None else _line(key)


def key_lines(session: Session) -> list[KeyLine]:
    """Return all keys, by name; there are few."""
    return [_line(key) for key in session.scalars(select(ApiKey).order_by(ApiKey.name))]


def _line(key: ApiKey) -> KeyLine:
    return KeyLine(
        id=key.id,
        name=key.name,
        prefix=key.prefix,
        scopes=tuple(key.scopes),
        created_at=key.created_at,
        created_by=key.created_by,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )
