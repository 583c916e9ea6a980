"""Violations by messages about several invoices of a customer (rule 2.15)."""

from collections.abc import Iterator

from tests.exactly_once.contacts import Contact
from tests.exactly_once.evidence import Evidence
from tests.exactly_once.violations import Kind, Violation

_SENT = ("sent", "bounced", "complained")


def in_two_messages(evidence: Evidence, all_contacts: list[Contact]) -> Iterator[Violation]:
    """Yield steps of an invoice that the customer read of in two messages: alone, or together with others.

    It is judged by what the messages say, because the ledger knows an invoice in one of them only.
    """
    messages_of: dict[tuple[str, str, int], set[str]] = {}
    for contact in all_contacts:
        if contact.message is None:
            continue
        action = evidence.action[contact.message.action_id]
        for invoice in contact.named:
            key = invoice.number, action.step_id, action.occurrence
            messages_of.setdefault(key, set()).add(contact.handover.message_id)
    for (number, step_id, _), message_ids in messages_of.items():
        if len(message_ids) > 1:
            yield Violation(Kind.TWICE, number, f"{step_id} in {' and '.join(sorted(message_ids))}")


def not_named(all_contacts: list[Contact]) -> Iterator[Violation]:
    """Yield steps that are done by a message that does not speak of their invoice."""
    for contact in all_contacts:
        if contact.message is None or contact.message.state not in _SENT:
            continue
        for part in contact.parts:
            if part.invoice not in contact.named:
                seen = f"{part.action.step_id} is done by {contact.handover.message_id}, which does not name it"
                yield Violation(Kind.NOT_SENT, part.invoice.number, seen)
