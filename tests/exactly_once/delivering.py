"""Violations of how often, to whom and as what: repeats, recipients, and what the ledger says of them."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from mailer.resend_payload import fields_of
from tests.exactly_once.blocking import Blocking
from tests.exactly_once.contacts import Contact
from tests.exactly_once.evidence import Evidence, Message
from tests.exactly_once.journal import Handover, Incident, Victim
from tests.exactly_once.violations import Kind, Violation

# After these nobody can know whether what was handed over arrived. A ledger or a Temporal that was away is no
# excuse: whoever handed the message over lives on, and waits until it can record it.
_LEAVE_NO_ANSWER = (Victim.WORKER, Victim.CONNECTION, Victim.SMTP_NETWORK)
# "bounced" and "complained" come after "sent".
_SENT = ("sent", "bounced", "complained")
REVIEW_WITHIN = timedelta(seconds=60)


def twice(evidence: Evidence) -> Iterator[Violation]:
    """Yield repeats that nothing excuses, and those that are not byte-identical to the first.

    A repeat is excused where the final dot of the one before had been sent, unanswered or not yet recorded, when
    a kill came; each kill excuses one repeat for each connection. With the setting *ask*, and with a provider
    that recognises repeats, nothing excuses one.
    """
    used: set[tuple[Incident, int]] = set()
    for message_id, copies in _copies(evidence).items():
        for before, again in pairwise(copies):
            if _delivered(again) != _delivered(copies[0]):
                yield Violation(Kind.REPEAT_DIFFERS, message_id, f"copy of {again.dot_at}")
            excuses = (
                incident
                for incident in evidence.provider.of_victim(*_LEAVE_NO_ANSWER)
                if (incident, before.connection) not in used and _excuses(incident, before, again, evidence)
            )
            is_never_repeated = evidence.is_idempotent or evidence.ledger.rules.when_uncertain == "ask"
            excuse = None if is_never_repeated else next(excuses, None)
            if excuse is None:
                seen = f"{before.dot_at} (answer: {before.answer}) and {again.dot_at}"
                yield Violation(Kind.TWICE, message_id, seen)
            else:
                used.add((excuse, before.connection))


def repeats(evidence: Evidence) -> int:
    """Return how many messages were taken over although they had been before."""
    return sum(len(copies) - 1 for copies in _copies(evidence).values())


def to_a_wrong_recipient(evidence: Evidence, all_contacts: list[Contact]) -> Iterator[Violation]:
    """Yield contacts with somebody who is no contact of the customer, or whose address was refused before."""
    refused: dict[str, datetime] = {}
    for refusal in evidence.provider.refusals:
        refused.setdefault(refusal.recipient, refusal.at)
    for contact in all_contacts:
        handover = contact.handover
        invoices = (*contact.named, *(part.invoice for part in contact.parts))
        known = {email for invoice in invoices for email in evidence.ledger.addresses[invoice.customer_id]}
        if contact.message is not None and not set(handover.recipients) <= known:
            yield Violation(Kind.WRONG_RECIPIENT, handover.message_id, f"to {', '.join(handover.recipients)}")
        for recipient in handover.recipients:
            if recipient in refused and refused[recipient] < handover.begun_at:
                seen = f"{recipient} was refused at {refused[recipient]}"
                yield Violation(Kind.WRONG_RECIPIENT, handover.message_id, seen)


def not_recorded(evidence: Evidence, all_contacts: list[Contact]) -> Iterator[Violation]:
    """Yield contacts that the ledger knows nothing of, or not all. What it knows to be uncertain is known."""
    for contact in all_contacts:
        about, message = contact.handover.message_id, contact.message
        if message is None:
            yield Violation(Kind.NOT_RECORDED, about, f"to {', '.join(contact.handover.recipients)}")
        elif message.state not in _SENT:
            if message.state == "sending" or not message.unanswered:
                yield Violation(Kind.NOT_RECORDED, about, f"the ledger says {message.state!r}")
        else:
            for part in contact.parts:
                status = part.collection.statuses.get(part.action.step_id)
                if (part.action.state, status, part.action.notes_of_sending) != ("done", "done", 1):
                    seen = f"action {part.action.state}, step {status}, noted {part.action.notes_of_sending} times"
                    yield Violation(Kind.NOT_RECORDED, about, f"{part.invoice.number}: {seen}")


def not_sent(evidence: Evidence) -> Iterator[Violation]:
    """Yield what the ledger takes for sent and no provider ever took over."""
    taken = {handover.message_id for handover in evidence.provider.kept}
    for message in evidence.ledger.messages:
        if message.state in _SENT and message.message_id not in taken:
            yield Violation(Kind.NOT_SENT, message.message_id, f"the ledger says {message.state!r}")
    carrying = {message.action_id for message in evidence.ledger.messages if message.state in _SENT}
    for action in evidence.ledger.actions:
        is_automatic_email = (action.execution, action.channel) == ("automatic", "email")
        if is_automatic_email and action.state == "done" and (action.merged_into or action.id) not in carrying:
            invoice = evidence.invoice[evidence.collection[action.collection_id].invoice_id]
            yield Violation(Kind.NOT_SENT, invoice.number, f"step {action.step_id} is done without a message")


def not_as_recorded(evidence: Evidence) -> Iterator[Violation]:
    """Yield messages whose last copy is not, to the byte, what the ledger keeps of it."""
    for message_id, copies in _copies(evidence).items():
        message = evidence.message.get(message_id)
        if message is None or message.state not in _SENT:
            continue
        if _said(copies[-1].content, evidence) != _recorded(message, evidence):
            yield Violation(Kind.NOT_AS_RECORDED, message_id, f"copy of {copies[-1].dot_at}")


def not_reviewed(evidence: Evidence) -> Iterator[Violation]:
    """Yield, with the setting *ask*, what may have been delivered and no person was shown within a minute."""
    if evidence.ledger.rules.when_uncertain != "ask":
        return
    blocking = Blocking(evidence)
    for message_id, copies in _copies(evidence).items():
        message, dot_at = evidence.message.get(message_id), copies[-1].dot_at
        if message is None or message.state in _SENT or dot_at is None:
            continue
        actions = evidence.actions_of.get(message.action_id, ())
        opened = [action.opened_at for action in actions if action.opened_at]
        if not opened and message.state == "withdrawn":
            invoices = {
                evidence.invoice[evidence.collection[action.collection_id].invoice_id] for action in actions
            }
            # Nobody is asked about what was paused or paid meanwhile; if it is due again, then they are.
            if all(blocking.reasons(invoice, evidence.until) for invoice in invoices):
                continue
        if not opened or min(opened) > _reviewed_by(dot_at, evidence):
            seen = f"handed over at {dot_at}, shown at {min(opened, default=None)}"
            yield Violation(Kind.NOT_REVIEWED, message_id, seen)


def _reviewed_by(dot_at: datetime, evidence: Evidence) -> datetime:
    """Return when a person must have been shown the message: a further kill within the time begins it anew."""
    by = dot_at + REVIEW_WITHIN
    for incident in evidence.provider.incidents:
        if dot_at <= incident.at <= by and incident.victim is not Victim.CONNECTION:
            by = incident.at + REVIEW_WITHIN
    return by


def _copies(evidence: Evidence) -> dict[str, list[Handover]]:
    copies: dict[str, list[Handover]] = {}
    for handover in evidence.provider.kept:
        copies.setdefault(handover.message_id, []).append(handover)
    return copies


def _delivered(handover: Handover) -> tuple[str, tuple[str, ...], bytes]:
    return handover.sender, handover.recipients, handover.content


def _said(content: bytes, evidence: Evidence) -> object:
    # The line end before the final dot belongs to the protocol.
    return json.loads(content) if evidence.is_idempotent else content.rstrip(b"\r\n")


def _recorded(message: Message, evidence: Evidence) -> object:
    return fields_of(message.recipients, message.mime) if evidence.is_idempotent else message.mime.rstrip(b"\r\n")


def _excuses(incident: Incident, before: Handover, again: Handover, evidence: Evidence) -> bool:
    assert before.dot_at is not None
    recorded_at = evidence.ledger.recorded.get(before.message_id)
    # What a dead worker, or one behind a cut, had sent may arrive a moment later.
    since = before.dot_at if incident.victim is Victim.CONNECTION else before.begun_at
    is_on_its_way = since <= incident.at < again.begun_at
    has_moved_on = any(
        later.connection == before.connection and before.dot_at < later.begun_at <= incident.at
        for later in evidence.provider.handovers
    )
    return (
        (incident.victim is not Victim.CONNECTION or incident.connection == before.connection)
        and is_on_its_way
        and not has_moved_on
        and (recorded_at is None or incident.at < recorded_at)
    )
