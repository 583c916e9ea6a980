"""Reads the senders: addresses that messages go out from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.statement import Statement
from phrase import Phrase

NONE_BLOCKED: Mapping[str | None, str] = {}
# The senders that nothing may go out from, as one JSON text; it depends on no row, so that the server evaluates
# it once in a statement.
BLOCKED_SENDERS = """
(SELECT jsonb_agg(jsonb_build_array(lower(w.email), w.is_default) ORDER BY w.id)::text
   FROM senders w WHERE w.verified_at IS NULL)
"""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a message is from. `replies_to` is where answers go; phone and signature are for texts.

    `marks_replies` says that a token may be put behind the address that answers go to.
    """

    email: str
    name: str
    phone: str | None
    signature: str | None
    replies_to: str
    is_verified: bool
    marks_replies: bool


@dataclass(frozen=True, slots=True)
class SenderLine:
    """A sender as lists show it, with how much it may send and its next free slot."""

    email: str
    name: str
    user: str | None
    phone: str | None
    signature: str | None
    reply_to: str | None
    verified_at: datetime | None
    is_default: bool
    minute_max: int | None
    day_max: int | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class MuteStep:
    """A step in force that is sent from an address that nothing goes out from."""

    cadence: str
    step: str
    sender: str


# The sender, or the organization itself where there is none: one statement, because every message asks.
_SENDER = """
SELECT COALESCE(s.email, o.email) AS email, COALESCE(s.name, o.name) AS name, COALESCE(s.phone, u.phone) AS phone,
       COALESCE(s.signature, u.signature) AS signature, COALESCE(s.reply_to, s.email, o.email) AS replies_to,
       s.id IS NULL OR s.verified_at IS NOT NULL AS is_verified, o.marks_replies
  FROM organization o
  LEFT JOIN senders s ON {chosen}
  LEFT JOIN users u ON u.id = s.user_id
 WHERE o.id = 1
"""
# By uq_senders_email and uq_senders_default.
_NAMED = Statement(
    _SENDER.format(chosen="lower(s.email) = lower(:email)")
    + "AND lower(COALESCE(s.email, o.email)) = lower(:email)"
)
_DEFAULT = Statement(_SENDER.format(chosen="s.is_default"))
# The organization's own address needs no row.
_MUTE = text("""
SELECT c.name AS cadence, s.step_id AS step, s.sender
  FROM cadence_versions v JOIN cadences c ON c.id = v.cadence_id JOIN cadence_steps s ON s.version_id = v.id
 WHERE v.state = 'published' AND s.sender IS NOT NULL
   AND NOT EXISTS (SELECT FROM senders w WHERE lower(w.email) = lower(s.sender) AND w.verified_at IS NOT NULL)
   AND NOT EXISTS (SELECT FROM organization o WHERE lower(o.email) = lower(s.sender)
                      AND NOT EXISTS (SELECT FROM senders w WHERE lower(w.email) = lower(o.email)))
 ORDER BY c.name, s.position
""")
_LINES = text("""
SELECT s.email, s.name, u.email AS user, s.phone, s.signature, s.reply_to, s.verified_at, s.is_default,
       s.minute_max, s.day_max, s.next_at
  FROM senders s LEFT JOIN users u ON u.id = s.user_id
 ORDER BY lower(s.email)
""")


def sender_named(session: Session, email: str | None) -> Sender | None:
    """Return the sender with the address, or the default one for None; None if there is none of that address.

    Without a default sender it is the organization's own address, as it is where that is named.
    """
    row = _DEFAULT.first(session) if email is None else _NAMED.first(session, email=email)
    return None if row is None else Sender(**row._asdict())


def sender_lines(session: Session) -> list[SenderLine]:
    """Return all senders, by address."""
    return [SenderLine(**row._mapping) for row in session.execute(_LINES)]


def mute_steps(session: Session) -> list[MuteStep]:
    """Return the steps in force whose sender is not verified, or not there."""
    return [MuteStep(**row._mapping) for row in session.execute(_MUTE)]


# Keyed by every value that goes in, so that an edit is never answered from the past.
@lru_cache(maxsize=16)
def blocked_from(blocked: str) -> Mapping[str | None, str]:
    """Return the senders that nothing may go out from, with the reason (rule 4.4); None is the default one.

    `blocked` is what the expression BLOCKED_SENDERS gives.
    """
    reasons: dict[str | None, str] = {}
    for email, is_default in json.loads(blocked):
        reasons[email] = Phrase("the sender {email} is not verified", email=email)
        if is_default:
            reasons[None] = reasons[email]
    return reasons
