"""Lets people in and out: sessions, passwords and roles."""

from datetime import datetime

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from db.operations.refusal import Refused
from db.queries.access import SEEN_NOTED_EVERY, SESSION_MAX, Role
from db.tables.access import UserSession
from db.tables.people import User

# How many of those that time has ended are cleared away whenever somebody signs in.
CLEARED_MAX = 100


def begin_session(
    session: Session, user_id: int, digest: str, now: datetime, address: str | None, user_agent: str | None
) -> int:
    """Let the user be signed in wherever the token with this SHA-256 is; return the session's id."""
    over = (
        select(UserSession.id)
        .where(UserSession.expires_at < now)
        .order_by(UserSession.expires_at)
        .limit(CLEARED_MAX)
        .with_for_update(skip_locked=True)
    )
    session.execute(delete(UserSession).where(UserSession.id.in_(over)))
    statement = insert(UserSession).values(
        user_id=user_id,
        digest=digest,
        created_at=now,
        last_seen_at=now,
        expires_at=now + SESSION_MAX,
        address=address,
        user_agent=user_agent,
    )
    return session.scalars(statement.returning(UserSession.id)).one()


def note_seen(session: Session, session_id: int, now: datetime) -> None:
    """Note that something was asked in the session, once a minute at most."""
    is_old = UserSession.last_seen_at < now - SEEN_NOTED_EVERY
    session.execute(update(UserSession).where(UserSession.id == session_id, is_old).values(last_seen_at=now))


def end_session(session: Session, user_id: int, session_id: int) -> bool:
    """End one session of the user, and say whether there was one."""
    statement = delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id)
    return session.scalar(statement.returning(UserSession.id)) is not None


def end_sessions(session: Session, user_id: int, but: int | None = None) -> int:
    """End all sessions of the user, but one; return how many there were."""
    statement = delete(UserSession).where(UserSession.user_id == user_id)
    if but is not None:
        statement = statement.where(UserSession.id != but)
    return len(session.scalars(statement.returning(UserSession.id)).all())


def set_password_hash(session: Session, user_id: int, password_hash: str | None) -> None:
    """Let the user sign in by another password, or by none."""
    session.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))


def set_locale(session: Session, user_id: int, locale: str | None) -> None:
    """Let pages speak to the user in a locale, or in the browser's."""
    session.execute(update(User).where(User.id == user_id).values(locale=locale))


def set_role(session: Session, email: str, role: Role) -> Role:
    """Give an active user a role; return the one before. Raises Refused for the last owner."""
    owners = lock_owners(session)
    user = session.scalar(select(User).where(func.lower(User.email) == email.lower()).with_for_update())
    if user is None or not user.is_active:
        raise Refused("there is no active user {email!r}", email=email)
    before = Role(user.role)
    if before is Role.OWNER and role is not Role.OWNER:
        require_another_owner(owners, user.id, user.email)
    session.execute(update(User).where(User.id == user.id).values(role=role.value))
    return before


def lock_owners(session: Session) -> list[int]:
    """Return the active owners; until the transaction ends, nobody else takes one of them away."""
    statement = select(User.id).where(User.role == Role.OWNER.value, User.is_active).order_by(User.id)
    return list(session.scalars(statement.with_for_update()))


def require_another_owner(owners: list[int], user_id: int, email: str) -> None:
    """Raise Refused if the user is the only owner: somebody must be able to let others in."""
    if owners == [user_id]:
        raise Refused("{email} is the last owner; make somebody else an owner first", email=email)
