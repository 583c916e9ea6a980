"""Plants a violation in the clean logs of a real run: each function returns the evidence with one thing wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.exactly_once.contacts import Contact, contacts
from tests.exactly_once.evidence import Claim, Evidence, Ledger
from tests.exactly_once.journal import Handover, Incident, ProviderLog, Victim

Planting = Callable[[Evidence], Evidence]
A_MOMENT = timedelta(milliseconds=1)


def contact_with(evidence: Evidence, number: str) -> Contact:
    """Return the contact about the invoice."""
    (found,) = [one for one in contacts(evidence) if number in [part.invoice.number for part in one.parts]]
    return found


def ledger_with(evidence: Evidence, **changed: Any) -> Evidence:
    """Return the evidence with other rows in the ledger."""
    ledger: Ledger = replace(evidence.ledger, **changed)
    return replace(evidence, ledger=ledger)


def handed_over(evidence: Evidence, *handovers: Handover, incidents: tuple[Incident, ...] = ()) -> Evidence:
    """Return the evidence with other hand-overs, and more incidents."""
    provider = ProviderLog(handovers, (*evidence.provider.incidents, *incidents), evidence.provider.refusals)
    return replace(evidence, provider=provider)


def with_handover(evidence: Evidence, number: str, **changed: Any) -> Evidence:
    """Return the evidence with the hand-over about the invoice changed."""
    old = contact_with(evidence, number).handover
    return handed_over(
        evidence, *(replace(one, **changed) if one is old else one for one in evidence.provider.handovers)
    )


def with_message(evidence: Evidence, number: str, **changed: Any) -> Evidence:
    """Return the evidence with the ledger's message about the invoice changed."""
    old = contact_with(evidence, number).message
    messages = tuple(replace(one, **changed) if one is old else one for one in evidence.ledger.messages)
    return ledger_with(evidence, messages=messages)


def with_action(evidence: Evidence, number: str, **changed: Any) -> Evidence:
    """Return the evidence with the action about the invoice changed."""
    old = contact_with(evidence, number).parts[0].action
    actions = tuple(replace(one, **changed) if one is old else one for one in evidence.ledger.actions)
    return ledger_with(evidence, actions=actions)


def moved(evidence: Evidence, number: str, to: datetime) -> Evidence:
    """Return the evidence with the contact about the invoice, its claim included, at another moment."""
    identity = contact_with(evidence, number).handover.message_id
    changed = with_handover(evidence, number, begun_at=to + A_MOMENT, dot_at=to + 2 * A_MOMENT)
    claims = [one for one in evidence.ledger.claims if one.message_id != identity]
    return ledger_with(changed, claims=(*claims, Claim(identity, to)))


def after_order(evidence: Evidence, number: str) -> Evidence:
    """Return the evidence with the contact about the invoice after the first order about it was confirmed."""
    answered_at = next(command.answered_at for command in evidence.commands if command.number == number)
    return moved(evidence, number, answered_at + A_MOMENT)


def repeated(evidence: Evidence, *numbers: str, killed: bool, **changed: Any) -> Evidence:
    """Return the evidence with the messages handed over once more, a minute later and all on one connection.

    With `killed` the worker was killed right after the final dots, before anything was answered or recorded.
    """
    first = [contact_with(evidence, number).handover for number in numbers]
    began_at = min(one.begun_at for one in first)
    dot_at = max(one.dot_at for one in first if one.dot_at)
    # The first copies, on one connection and at one moment.
    moved_first = [replace(one, connection=9001, begun_at=began_at, dot_at=dot_at, answer=None) for one in first]
    later = timedelta(minutes=1)
    again = [
        replace(one, number=9000 + one.number, connection=9002, begun_at=dot_at + later, dot_at=dot_at + later)
        for one in first
    ]
    again = [replace(one, **changed) for one in again]
    others = [one for one in evidence.provider.handovers if one not in first]
    incidents = (Incident(dot_at, Victim.WORKER, "after the final dot, before 250"),) if killed else ()
    with_repeats = handed_over(evidence, *others, *moved_first, *again, incidents=incidents)
    recorded = {**evidence.ledger.recorded, **{one.message_id: dot_at + 2 * later for one in first}}
    return ledger_with(with_repeats, recorded=recorded)


def contacted_again(evidence: Evidence, number: str, step: str, later: timedelta) -> Evidence:
    """Return the evidence with a further contact about the invoice, recorded in full."""
    contact = contact_with(evidence, number)
    part, identity = contact.parts[0], "<planted.1@duewell.example>"
    assert contact.message is not None
    claimed_at = contact.claimed_at + later
    handover = replace(
        contact.handover,
        number=9001,
        connection=9001,
        message_id=identity,
        begun_at=claimed_at + A_MOMENT,
        dot_at=claimed_at + 2 * A_MOMENT,
    )
    collection = replace(part.collection, statuses={**part.collection.statuses, step: "done"})
    collections = tuple(collection if one is part.collection else one for one in evidence.ledger.collections)
    ledger = evidence.ledger
    recorded = ledger_with(
        evidence,
        actions=(*ledger.actions, replace(part.action, id=9001, step_id=step)),
        messages=(*ledger.messages, replace(contact.message, action_id=9001, message_id=identity)),
        claims=(*ledger.claims, Claim(identity, claimed_at)),
        collections=collections,
    )
    return handed_over(recorded, *evidence.provider.handovers, handover)


def forgotten(evidence: Evidence, number: str) -> Evidence:
    """Return the evidence without any trace of the contact about the invoice, which stays due."""
    contact = contact_with(evidence, number)
    part = contact.parts[0]
    statuses = {step: status for step, status in part.collection.statuses.items() if step != part.action.step_id}
    collection = replace(part.collection, statuses=statuses, last_contact_on=None)
    without = ledger_with(
        evidence,
        actions=tuple(one for one in evidence.ledger.actions if one is not part.action),
        messages=tuple(one for one in evidence.ledger.messages if one is not contact.message),
        collections=tuple(collection if one is part.collection else one for one in evidence.ledger.collections),
    )
    return handed_over(without, *(one for one in evidence.provider.handovers if one is not contact.handover))


def of_one_customer(evidence: Evidence, number: str, other: str) -> Evidence:
    """Return the evidence with the other invoice, its contact included, at the customer of the first."""
    owner, moving = evidence.numbered[number].customer_id, evidence.numbered[other]
    ledger = evidence.ledger
    known = ledger.addresses[owner] | ledger.addresses[moving.customer_id]
    invoices = tuple(replace(one, customer_id=owner) if one is moving else one for one in ledger.invoices)
    return ledger_with(evidence, invoices=invoices, addresses={**ledger.addresses, owner: known})


def carried_alone_too(evidence: Evidence, number: str) -> Evidence:
    """Return the evidence with a message of an invoice's own beside the one that it shares with this invoice."""
    contact = contact_with(evidence, number)
    assert contact.message is not None
    own = next(part.action for part in contact.parts if part.action.merged_into is not None)
    identity = "<planted.1@duewell.example>"
    message = replace(contact.message, action_id=own.id, message_id=identity)
    handover = replace(contact.handover, number=9001, connection=9001, message_id=identity)
    recorded = ledger_with(
        evidence,
        messages=(*evidence.ledger.messages, message),
        claims=(*evidence.ledger.claims, Claim(identity, contact.claimed_at)),
    )
    return handed_over(recorded, *evidence.provider.handovers, handover)


def not_named(evidence: Evidence, number: str) -> Evidence:
    """Return the evidence with the invoice left out of the message that it is done by."""
    contact = contact_with(evidence, number)
    assert contact.message is not None
    without = contact.handover.content.replace(number.encode(), b"another")
    said = with_handover(evidence, number, content=without)
    return with_message(said, number, mime=contact.message.mime.replace(number.encode(), b"another"))
