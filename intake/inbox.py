"""Takes messages from outside in: reads what they are, and hands them to the ledger."""

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from db.engine import Engine, LedgerUnavailable, transaction
from db.operations.change import Change
from db.operations.customer_delay import settle_others
from db.operations.messages.incoming import Incoming, NotYet, Taken, Undelivered, take_in
from db.queries.calendar import local_date
from db.queries.organization import delays_customer
from mailer.incoming import Received, read_received

# Mailboxes take no larger messages; what is beyond stays in the mailbox.
MESSAGE_BYTES_MAX = 25 * 1024 * 1024
log = structlog.get_logger()


@dataclass
class OneByOne:
    """Takes things in one by one: one that cannot be must not keep the others waiting.

    `trouble` says what happened then; it is said once of each, and each is tried again at every look.
    """

    trouble: str
    said: set[Hashable] = field(default_factory=set)

    def take(self, key: Hashable, taking: Callable[[], Taken], **about: object) -> Taken | None:
        """Return what `taking` did, None if it has to wait for a later look. Raises LedgerUnavailable."""
        try:
            return taking()
        except NotYet:
            return None
        except LedgerUnavailable:
            raise
        except Exception:
            if key not in self.said:
                log.exception(self.trouble, **about)
                self.said.add(key)
            return None


def take_message(engine: Engine, raw: bytes, received_at: datetime, now: datetime | None = None) -> Taken:
    """Take a message in, once however often it comes, and return what became of it.

    Raises NotYet for a report that is faster than the record of its message, and LedgerUnavailable.
    """
    now = now or datetime.now(UTC)
    return take(engine, _incoming(raw[:MESSAGE_BYTES_MAX], read_received(raw), min(received_at, now)), now)


def take(engine: Engine, incoming: Incoming, now: datetime) -> Taken:
    """Take in what was read, once however often it comes, and return what became of it.

    Raises NotYet and LedgerUnavailable, as take_message does.
    """
    with transaction(engine) as session:
        taken = take_in(session, incoming, Change(now, local_date(session, now)))
        others_wait = bool(taken.uncounted) and delays_customer(session)
    if others_wait:
        # The delay is kept for the whole customer, and one contact fewer counts (rule 2.14).
        with transaction(engine) as session:
            settle_others(session, taken.uncounted[0], Change(now, local_date(session, now)))
    return taken


def _incoming(raw: bytes, received: Received, received_at: datetime) -> Incoming:
    return Incoming(
        digest=hashlib.sha256(raw).hexdigest(),
        received_at=received_at,
        kind=received.kind.value,
        sender=received.sender,
        subject=received.subject,
        excerpt=received.excerpt,
        content=raw,
        about=received.about,
        tokens=received.tokens,
        undelivered=[
            Undelivered(each.recipient, each.is_permanent, each.is_dead, each.reason, each.also)
            for each in received.failures
        ],
        complainants=received.complainants,
    )
