"""Records messages that come back: whom they did not reach, and whether they were contacts (rule 2.16)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.operations.admission import current_case
from db.operations.change import Change, note
from db.operations.customer_delay import settle_beside
from db.operations.messages.addresses import REASON_CHARACTERS_MAX, address_key, set_unreachable
from db.operations.messages.handing_back import hand_back
from db.operations.messages.message_parts import MessagePart, bounced_step, times_returned
from db.operations.outbox import owe
from db.operations.outreach import WRITTEN
from db.operations.settle import open_todo
from db.operations.steps import set_step
from db.queries.collections import Case
from db.tables.actions import Action, Message
from db.tables.collections import Collection, StepState
from dunning.cadence import Channel, Step
from dunning.events import Bounced
from dunning.facts import StepStatus
from dunning.objections import objection
from dunning.writing import MESSAGE

CAME_BACK = "message came back"
# For so long it makes no difference that nobody looked into the mailbox; later a plan may have gone on without it.
UNSEEN_MAX = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A recipient that a message did not reach; `also` are further addresses it is known by on the way.

    Permanent is what nobody tries again, and `is_dead` that the address itself is at fault.
    """

    recipient: str
    is_permanent: bool
    is_dead: bool
    reason: str
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Return:
    """What came back of a message: whom it did not reach, how they were named, and when."""

    message: Message
    parts: Sequence[MessagePart]
    failures: dict[str, Undelivered]
    inbox_id: int
    at: datetime

    @property
    def because(self) -> str:
        """Return for whom and why, in one line."""
        each = (f"{recipient}: {failure.reason}" for recipient, failure in self.failures.items())
        return "; ".join(each)[:REASON_CHARACTERS_MAX]


# Bounded by one invoice's timeline (ix_timeline_invoice_id).
_FAILED_BEFORE = text("""
SELECT DISTINCT jsonb_array_elements_text(data -> 'recipients') FROM timeline
 WHERE invoice_id = :invoice_id AND kind = :kind AND data ->> 'message' = :message_id
""")
# Of any collection of the invoice: its contacts count for whichever is open. Bounded by the invoice's actions.
_LAST_DONE = text("""
SELECT max(a.ended_on) FROM actions a JOIN collections c ON c.id = a.collection_id
 WHERE c.invoice_id = :invoice_id AND a.state = 'done' AND a.kind IN ('step', 'message')
   AND a.channel = ANY(:channels) AND a.outcome IS DISTINCT FROM :written
""")


def record_bounce(
    session: Session,
    message: Message,
    parts: Sequence[MessagePart],
    failures: Sequence[Undelivered],
    inbox_id: int,
    received_at: datetime,
    change: Change,
) -> bool:
    """Record whom the message did not reach for good, and say whether it was no contact (rule 2.16).

    Dead addresses are not written to any more. Once none of the customer's people was reached, the message has
    bounced. The caller holds the locks of the invoices of `parts`.
    """
    found = _failing(message, [failure for failure in failures if failure.is_permanent])
    came = _Return(message, parts, found, inbox_id, max(min(received_at, change.at), change.at - UNSEEN_MAX))
    dead = {recipient: failure.reason for recipient, failure in found.items() if failure.is_dead}
    set_unreachable(session, parts[0].customer_id, dead)
    before = _failed_before(session, came)
    details = {"inbox": inbox_id, "recipients": sorted(found), "because": came.because}
    note_parts(session, change, CAME_BACK, parts, message=str(message.id), **details)
    message.returned_at, message.returned_because = came.at, came.because
    session.flush()
    reached = {address_key(each) for each in message.recipients} - before - set(found)
    if reached or message.state not in ("sent", "complained"):
        return False
    uncounted = _uncounted(session, came, change)
    message.state = "bounced"
    session.flush()
    if uncounted:
        _set_aside(session, came, change)
    for part, case, event in uncounted:
        _take_back(session, part, case, event, came.because, change)
    plan_parts(session, parts, change)
    return bool(uncounted)


def _failing(message: Message, failures: Sequence[Undelivered]) -> dict[str, Undelivered]:
    """Return the message's recipients among the failures, each by its key."""
    by_address = {
        address_key(address): failure for failure in failures for address in (*failure.also, failure.recipient)
    }
    named = {key: by_address[key] for each in message.recipients if (key := address_key(each)) in by_address}
    if not named and len(message.recipients) == 1 and failures:
        # Forwarded on the way: it is the address behind ours that failed, and so did ours.
        return {address_key(message.recipients[0]): failures[0]}
    return named


def _failed_before(session: Session, came: _Return) -> set[str]:
    parameters = {"invoice_id": came.parts[0].invoice_id, "kind": CAME_BACK, "message_id": str(came.message.id)}
    return set(session.scalars(_FAILED_BEFORE, parameters))


def _uncounted(session: Session, came: _Return, change: Change) -> list[tuple[MessagePart, Case, Bounced]]:
    """Return the parts for which the message was no contact, with how each invoice stands."""
    assert came.message.sent_at is not None, "what was sent was sent at some moment"
    found = []
    for part in came.parts:
        case = current_case(session, part.invoice_id, change)
        is_its_own = case.collection is not None and case.collection.id == part.collection_id
        step = _step_of(case, part) if is_its_own else None
        alive = not all(failure.is_dead for failure in came.failures.values())
        event = Bounced(
            came.at,
            part.step_id if is_its_own and part.step_id != MESSAGE else None,
            came.message.sent_at,
            ran_on=_ran_before_on(session, part),
            # To send it again by itself makes no sense where it would only come back again.
            asks=alive or (step is not None and step.repeat is None and part.occurrence > 1),
        )
        if objection(case.facts, event) is None:
            found.append((part, case, event))
    return found


def _step_of(case: Case, part: MessagePart) -> Step | None:
    return None if case.facts.cadence is None else case.facts.cadence.step(part.step_id)


def _ran_before_on(session: Session, part: MessagePart) -> date | None:
    if part.occurrence == 1:
        return None
    before = Action.collection_id == part.collection_id, Action.step_id == part.step_id
    statement = select(Action.ended_on).where(*before, Action.occurrence == part.occurrence - 1)
    return session.scalar(statement.where(Action.state.in_(("done", "ignored"))))


def _set_aside(session: Session, came: _Return, change: Change) -> None:
    """Keep the message under an action of its own, so that its step can be sent anew (docs/decisions/0013)."""
    carrier = next(part for part in came.parts if part.action_id == came.message.action_id)
    statement = insert(Action).values(
        collection_id=carrier.collection_id,
        invoice_id=carrier.invoice_id,
        customer_id=carrier.customer_id,
        cadence_id=carrier.cadence_id,
        kind="message",
        step_id=bounced_step(carrier.step_id),
        occurrence=times_returned(session, carrier.collection_id, carrier.step_id) + 1,
        channel=carrier.channel,
        execution=carrier.execution,
        state="canceled",
        owner=carrier.owner,
        due_on=carrier.due_on,
        obstacle=came.because,
        ended_at=change.at,
        ended_on=change.on,
        ended_by=change.by,
    )
    came.message.action_id = session.execute(statement.returning(Action.id)).scalar_one()
    session.flush()


def _take_back(
    session: Session, part: MessagePart, case: Case, event: Bounced, because: str, change: Change
) -> None:
    """Do to the rows what the core does to the facts for a message that came back."""
    canceled = {"state": "canceled", "outcome": None, "merged_into": None, "approved_by": None}
    session.execute(update(Action).where(Action.id == part.action_id).values(canceled))
    channels = [channel.value for channel in Channel if channel.is_contact]
    about = {"invoice_id": part.invoice_id, "channels": channels, "written": WRITTEN}
    contacted_on = session.scalar(_LAST_DONE, about)
    # What was carried over from one collection to the next counts no more either.
    session.execute(
        update(Collection)
        .where(Collection.invoice_id == part.invoice_id, Collection.last_contact_on == part.ended_on)
        .values(last_contact_on=contacted_on)
    )
    if part.step_id == MESSAGE:
        if case.is_open and case.collection is not None and case.collection.id == part.collection_id:
            hand_back(session, part.invoice_id, part.collection_id, part.occurrence, because, change)
        return
    step = _step_of(case, part) if event.step_id is not None else None
    if step is not None and case.is_open:
        assert case.collection is not None, "an open case has a collection"
        mends = not event.asks and step.is_automatic
        open_todo(session, case.collection, step, change.on, because, mends, change, part.occurrence)
        # Whoever was asked to do it is asked again.
        session.execute(update(Action).where(Action.id == part.action_id).values(owner=part.owner))
    else:
        on = change.on
        set_step(session, part.collection_id, part.step_id, StepStatus.PENDING, on, because, part.occurrence)
    session.execute(
        update(StepState)
        .where(StepState.collection_id == part.collection_id, StepState.step_id == part.step_id)
        .values(ran_on=event.ran_on)
    )


def plan_parts(session: Session, parts: Sequence[MessagePart], change: Change) -> None:
    """Settle the invoices of a message, and tell their processes."""
    for part in parts:
        settle_beside(session, part.invoice_id, change)
        owe(session, part.invoice_id, "invoice_changed", {"by": change.by})


def note_parts(session: Session, change: Change, kind: str, parts: Iterable[MessagePart], **data: object) -> None:
    """Put an entry on the timelines of a message's invoices."""
    for part in parts:
        note(session, change, kind, part.invoice_id, part.collection_id, step=part.step_id, **data)
