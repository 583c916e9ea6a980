"""What rules owe the team: notifications are taken one by one, and each attempt is written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from db.tables.rules import RuleNotification, SmartRule

# Longer than a mail server may take for one recipient. A notification whose worker died is taken again after it.
LEASE = timedelta(seconds=90)
PAUSE_SECONDS_MIN, PAUSE_SECONDS_MAX = 30, 3600
# With the pauses about a day.
ATTEMPTS_MAX = 30
ERROR_CHARACTERS_MAX = 500
_EVENTS = UUID("0a4f7c6e-3d0b-4b53-9a55-4d2f8f3c1e77")


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification that is taken: its rule, invoice and text, and what became of it so far.

    `recipient` is a user's address or a group's name; `rendered` is None until the first attempt wrote it.
    """

    id: int
    rule: str
    invoice_id: int
    causation_id: str
    recipient: str
    channel: str
    text: str
    attempts: int
    rendered: dict[str, Any] | None
    sent_to: Sequence[str]
    created_at: datetime

    @property
    def is_to_a_person(self) -> bool:
        """Say whether the recipient is a user's address, which no event gives away; names of groups have no @."""
        return "@" in self.recipient

    @property
    def event_id(self) -> str:
        """Return the id of the event that tells of it, the same at every attempt.

        What caused it is random: a ledger that was restored gives the same number to another notification.
        """
        return f"evt_{uuid5(_EVENTS, f'{self.id} {self.causation_id} {self.created_at.timestamp()}').hex}"


# A user or a group is found by its unique index.
_ADDRESSES = text("""
SELECT u.email FROM users u WHERE u.is_active AND lower(u.email) = lower(:name)
UNION
SELECT u.email FROM groups g JOIN group_members m ON m.group_id = g.id JOIN users u ON u.id = m.user_id
 WHERE g.name = :name AND u.is_active
 ORDER BY 1
""")


def take_notice(session: Session, now: datetime) -> Notice | None:
    """Lease the notification that is due first, and return it (ix_rule_notifications_owed); None if none is due.

    Until the lease ends nobody else takes it, and a worker that dies only delays it.
    """
    due = (
        select(RuleNotification, SmartRule.name)
        .join(SmartRule, SmartRule.id == RuleNotification.rule_id)
        .where(RuleNotification.state == "owed", RuleNotification.due_at <= now)
        .order_by(RuleNotification.due_at, RuleNotification.id)
        .limit(1)
        .with_for_update(of=RuleNotification, skip_locked=True)
    )
    row = session.execute(due.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        return None
    one, rule = row
    one.attempts += 1
    one.due_at = now + LEASE
    return Notice(
        id=one.id,
        rule=rule,
        invoice_id=one.invoice_id,
        causation_id=one.causation_id,
        recipient=one.recipient,
        channel=one.channel,
        text=one.text,
        attempts=one.attempts,
        rendered=one.rendered,
        sent_to=tuple(one.sent_to),
        created_at=one.created_at,
    )


def is_taken(session: Session, notice: Notice) -> bool:
    """Say whether nobody else took the notification since."""
    taken = RuleNotification.id == notice.id, RuleNotification.attempts == notice.attempts
    return session.scalar(select(RuleNotification.id).where(*taken)) is not None


def addresses_of(session: Session, recipient: str) -> list[str]:
    """Return the address of the active user, or of the group's members, as of now; nobody else is written to."""
    return list(session.scalars(_ADDRESSES, {"name": recipient}))


def keep_rendered(session: Session, notice: Notice, rendered: dict[str, Any]) -> None:
    """Keep what is said, so that everybody gets the same, and a repeat is one."""
    _write(session, notice, rendered=rendered)


def record_notified(session: Session, notice: Notice, email: str, now: datetime) -> None:
    """Note that one of the recipients has it, so that they do not get it again, and go on with the lease."""
    sent_to = [*session.scalars(select(RuleNotification.sent_to).where(RuleNotification.id == notice.id)).one()]
    _write(session, notice, sent_to=[*sent_to, email], due_at=now + LEASE)


def end_notice(session: Session, notice: Notice, now: datetime, error: str | None = None) -> None:
    """End the notification as sent, or with an error as failed if nobody has it."""
    has_anybody = bool(session.scalar(select(RuleNotification.sent_to).where(RuleNotification.id == notice.id)))
    is_sent = error is None or has_anybody
    _write(
        session,
        notice,
        state="sent" if is_sent else "failed",
        sent_at=now if is_sent else None,
        last_error=None if error is None else error[:ERROR_CHARACTERS_MAX],
    )


def put_off(
    session: Session, notice: Notice, error: str, now: datetime, retry_after_seconds: float | None = None
) -> None:
    """Try the notification again later, or give it up after so many attempts; the pause grows to an hour."""
    if notice.attempts >= ATTEMPTS_MAX:
        end_notice(session, notice, now, f"given up after {notice.attempts} attempts: {error}")
        return
    grown = min(PAUSE_SECONDS_MIN * 2 ** min(notice.attempts - 1, 10), PAUSE_SECONDS_MAX)
    pause = timedelta(seconds=grown if retry_after_seconds is None else max(retry_after_seconds, 1))
    _write(session, notice, due_at=now + pause, last_error=error[:ERROR_CHARACTERS_MAX])


def _write(session: Session, notice: Notice, **values: Any) -> None:
    # Only whoever has the lease still may say what became of it.
    mine = RuleNotification.id == notice.id, RuleNotification.attempts == notice.attempts
    statement = update(RuleNotification).where(*mine, RuleNotification.state == "owed").values(values)
    session.execute(statement.execution_options(synchronize_session=False))
