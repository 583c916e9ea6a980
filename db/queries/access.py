"""Reads who may sign in, who is signed in, and with which role."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from db.tables.access import UserSession
from db.tables.people import User

# A session ends when nothing was asked for so long, and at last after so many days.
IDLE_MAX = timedelta(hours=12)
SESSION_MAX = timedelta(days=7)
# A busy tab would be one row that is written at each request.
SEEN_NOTED_EVERY = timedelta(minutes=1)


class Role(StrEnum):
    """What a user may do; each role may do what those behind it may."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"

    def may_act_as(self, needed: "Role") -> bool:
        """Say whether this role may do what `needed` may."""
        order = tuple(Role)
        return order.index(self) <= order.index(needed)


@dataclass(frozen=True, slots=True)
class Account:
    """A user as they sign in. The hash is None for one who has no password."""

    id: int
    email: str
    name: str
    role: Role
    locale: str | None
    password_hash: str | None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in in a browser, and whose ledger it is that they look at."""

    session_id: int
    user_id: int
    email: str
    name: str
    role: Role
    locale: str | None
    has_password: bool
    signed_in_at: datetime
    last_seen_at: datetime
    organization: str
    time_zone: ZoneInfo

    def needs_note(self, now: datetime) -> bool:
        """Say whether it is worth noting that they were seen."""
        return self.last_seen_at < now - SEEN_NOTED_EVERY


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A browser in which a user is signed in, as they see it in a list."""

    id: int
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str | None
    user_agent: str | None


# By uq_sessions_digest. What deactivation, time or another role means takes effect with the next request.
_VISITOR = text("""
SELECT s.id AS session_id, u.id AS user_id, u.email, u.name, u.role, u.locale,
       u.password_hash IS NOT NULL AS has_password, s.created_at AS signed_in_at, s.last_seen_at,
       o.name AS organization, o.time_zone
  FROM sessions s JOIN users u ON u.id = s.user_id JOIN organization o ON o.id = 1
 WHERE s.digest = :digest AND u.is_active AND s.expires_at > :now AND s.last_seen_at > :seen_after
""")


def visitor_of(session: Session, digest: str, now: datetime) -> Visitor | None:
    """Return who bears the token with this SHA-256, or None: unknown, ended, too old or not active any more."""
    given = {"digest": digest, "now": now, "seen_after": now - IDLE_MAX}
    row = session.execute(_VISITOR, given).one_or_none()
    if row is None:
        return None
    found = dict(row._mapping)
    return Visitor(**{**found, "role": Role(row.role), "time_zone": ZoneInfo(row.time_zone)})


def account_named(session: Session, email: str) -> Account | None:
    """Return the active user with the address, in letters of any case (uq_users_email)."""
    user = session.scalar(select(User).where(func.lower(User.email) == email.lower(), User.is_active))
    if user is None:
        return None
    return Account(user.id, user.email, user.name, Role(user.role), user.locale, user.password_hash)


def somebody_has_a_password(session: Session) -> bool:
    """Say whether anybody can sign in by password; there are a few users."""
    statement = select(User.id).where(User.is_active, User.password_hash.is_not(None)).limit(1)
    return session.scalar(statement) is not None


def sessions_of(session: Session, user_id: int, now: datetime, limit: int = 50) -> Sequence[SessionLine]:
    """Return where a user is signed in, the one seen last first (ix_sessions_user_id)."""
    statement = (
        select(UserSession)
        .where(
            UserSession.user_id == user_id,
            UserSession.expires_at > now,
            UserSession.last_seen_at > now - IDLE_MAX,
        )
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
        .limit(limit)
    )
    return [
        SessionLine(one.id, one.created_at, one.last_seen_at, one.expires_at, one.address, one.user_agent)
        for one in session.scalars(statement)
    ]
