"""Keeps senders: the addresses that messages go out from, once somebody has shown that they may be used."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.operations.outbox import owe_many
from db.operations.refusal import Refused
from db.tables.cadences import Cadence, CadenceStep, CadenceVersion
from db.tables.organization import Organization
from db.tables.people import Sender, User

CODE_LASTS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class NewSender:
    """A sender to add; what is None is not said."""

    email: str
    name: str
    user: str | None = None
    phone: str | None = None
    signature: str | None = None
    reply_to: str | None = None
    minute_max: int | None = None
    day_max: int | None = None


def add_sender(session: Session, new: NewSender, now: datetime) -> bool:
    """Add a sender, and say whether it is verified already, as the organization's own address is.

    Raises Refused for an address that is there already, or a user who is not.
    """
    user_id = None
    if new.user is not None:
        user_id = session.scalar(select(User.id).where(func.lower(User.email) == new.user.lower(), User.is_active))
        if user_id is None:
            raise Refused("there is no active user {user!r}", user=new.user)
    own = session.scalars(select(Organization.email)).one()
    is_verified = new.email.lower() == own.lower()
    values = {
        "email": new.email,
        "name": new.name,
        "user_id": user_id,
        "phone": new.phone,
        "signature": new.signature,
        "reply_to": new.reply_to,
        "minute_max": new.minute_max,
        "day_max": new.day_max,
        "verified_at": now if is_verified else None,
    }
    try:
        with session.begin_nested():
            session.execute(insert(Sender).values(values))
    except IntegrityError as error:
        raise Refused("there is a sender {email} already", email=new.email) from error
    return is_verified


def change_sender(session: Session, email: str, **changes: Any) -> bool:
    """Change a sender by its columns, and say whether anything differs. Raises Refused."""
    sender = _sender(session, email)
    changed = {name: value for name, value in changes.items() if getattr(sender, name) != value}
    if "minute_max" in changed:
        # Slots that were given out under the old limit do not hold up what comes after.
        changed["next_at"] = None
    if changed:
        session.execute(update(Sender).where(Sender.id == sender.id).values(changed))
    return bool(changed)


def expect_code(session: Session, email: str, code: str, now: datetime) -> None:
    """Remember the code that is sent to the sender's address. Raises Refused if it is verified already."""
    sender = _sender(session, email)
    if sender.verified_at is not None:
        raise Refused("{email} is verified already", email=sender.email)
    digest = _digest(sender, code)
    session.execute(update(Sender).where(Sender.id == sender.id).values(code_digest=digest, code_sent_at=now))


def confirm_code(session: Session, email: str, code: str, now: datetime) -> None:
    """Take the sender as verified by the code that it got. Raises Refused for another one, or one that is old."""
    sender = _sender(session, email)
    if sender.verified_at is not None:
        raise Refused("{email} is verified already", email=sender.email)
    if sender.code_digest is None or sender.code_sent_at is None:
        raise Refused("no code was sent to {email} yet; leave --code out to send one", email=sender.email)
    if now > sender.code_sent_at + CODE_LASTS:
        raise Refused(
            "the code sent to {email} is too old; leave --code out to send another one", email=sender.email
        )
    if not compare_digest(sender.code_digest, _digest(sender, code)):
        raise Refused("that is not the code that was sent to {email}", email=sender.email)
    _verify(session, sender.id, now)


def trust_sender(session: Session, email: str, now: datetime) -> None:
    """Take the sender as verified because another one of its domain is. Raises Refused without such a one."""
    sender = _sender(session, email)
    if sender.verified_at is not None:
        raise Refused("{email} is verified already", email=sender.email)
    domain = sender.email.rpartition("@")[2].lower()
    others = session.scalars(select(Sender.email).where(Sender.verified_at.is_not(None)))
    known = {other.rpartition("@")[2].lower() for other in others}
    if domain not in known:
        raise Refused(
            "no sender at {domain} is verified, so that {email} has to show a code",
            domain=domain,
            email=sender.email,
        )
    _verify(session, sender.id, now)


def set_default_sender(session: Session, email: str | None) -> bool:
    """Let messages go out from the sender unless a step names another; None is the organization's own address.

    Says whether that is new. Raises Refused for a sender that is not verified.
    """
    # The second of two at once waits here, and then finds what the first one did.
    before = session.scalar(select(Sender.id).where(Sender.is_default).with_for_update())
    sender = None if email is None else _sender(session, email)
    if sender is not None and sender.verified_at is None:
        raise Refused("{email} is not verified, and nothing could go out", email=sender.email)
    if (None if sender is None else sender.id) == before:
        return False
    session.execute(update(Sender).where(Sender.is_default).values(is_default=False))
    if sender is not None:
        session.execute(update(Sender).where(Sender.id == sender.id).values(is_default=True))
    return True


def delete_sender(session: Session, email: str) -> None:
    """Delete a sender. Raises Refused while it is the default, or a step in force names it."""
    sender = _sender(session, email)
    if sender.is_default:
        raise Refused("{email} is the default sender; make another one the default, or none", email=sender.email)
    named = session.execute(
        select(Cadence.name, CadenceStep.step_id)
        .join(CadenceVersion, CadenceVersion.cadence_id == Cadence.id)
        .join(CadenceStep, CadenceStep.version_id == CadenceVersion.id)
        .where(CadenceVersion.state == "published", func.lower(CadenceStep.sender) == sender.email.lower())
        .limit(1)
    ).one_or_none()
    if named is not None:
        raise Refused(
            "step {step} of {cadence} is sent from {email}",
            step=named.step_id,
            cadence=named.name,
            email=sender.email,
        )
    session.execute(delete(Sender).where(Sender.id == sender.id))


# In ix_actions_open; a sender that was verified lets the messages go out that waited for it (rule 4.4).
_MENDING = text("""
SELECT a.id, a.invoice_id FROM actions a
 WHERE a.state = 'open' AND a.mends AND a.id > :after_id
 ORDER BY a.id LIMIT :limit
""")


def owe_mending(session: Session, after_id: int, limit: int, payload: Mapping[str, Any]) -> tuple[int | None, int]:
    """Let the next invoices look again whose step goes out once its obstacle is gone.

    Returns where to go on, None at the end, and how many they were.
    """
    rows = session.execute(_MENDING, {"after_id": after_id, "limit": limit}).all()
    owe_many(session, [row.invoice_id for row in rows], "invoice_changed", payload)
    return (rows[-1].id if len(rows) == limit else None), len(rows)


def _verify(session: Session, sender_id: int, now: datetime) -> None:
    verified = {"verified_at": now, "code_digest": None, "code_sent_at": None}
    session.execute(update(Sender).where(Sender.id == sender_id).values(verified))


def _digest(sender: Sender, code: str) -> str:
    return hashlib.sha256(f"{sender.id} {code.strip().lower()}".encode()).hexdigest()


def _sender(session: Session, email: str) -> Sender:
    sender = session.scalar(select(Sender).where(func.lower(Sender.email) == email.lower()).with_for_update())
    if sender is None:
        raise Refused("there is no sender {email!r}", email=email)
    return sender
