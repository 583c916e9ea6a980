"""A contact as the customer had it: a message that the provider took over, with all that is known about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from tests.exactly_once.evidence import Action, Collection, Evidence, Invoice, Message
from tests.exactly_once.journal import Handover


@dataclass(frozen=True)
class Part:
    """What a message is to one invoice."""

    action: Action
    collection: Collection
    invoice: Invoice


@dataclass(frozen=True)
class Contact:
    """A message that was taken over. `claimed_at` is when its sending was decided: facts count as of then.

    A message on its way cannot be called back, so that what happened between the claim and the hand-over is late.
    """

    handover: Handover
    claimed_at: datetime
    day: date
    message: Message | None
    parts: tuple[Part, ...]


def contacts(evidence: Evidence) -> Iterator[Contact]:
    """Yield every contact in the order of hand-over, repeats included."""
    for handover in evidence.provider.kept:
        message = evidence.message.get(handover.message_id)
        claims = [at for at in evidence.claims_of.get(handover.message_id, ()) if at <= handover.begun_at]
        claimed_at = claims[-1] if claims else handover.begun_at
        parts = () if message is None else _parts(evidence, message)
        yield Contact(handover, claimed_at, evidence.ledger.rules.day(claimed_at), message, parts)


def _parts(evidence: Evidence, message: Message) -> tuple[Part, ...]:
    parts = []
    for action in evidence.actions_of.get(message.action_id, ()):
        collection = evidence.collection[action.collection_id]
        parts.append(Part(action, collection, evidence.invoice[collection.invoice_id]))
    return tuple(parts)
