"""A contact as the customer had it: a message that the provider took over, with all that is known about it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from email import message_from_bytes
from email.parser import BytesHeaderParser
from email.policy import SMTP

from tests.exactly_once.evidence import Action, Collection, Evidence, Invoice, Message
from tests.exactly_once.journal import Handover

_NUMBER = re.compile(r"\bINV-\d+\b")


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
    What may have been delivered is repeated as it was, and speaks of the moment `written_at`. `named` are the
    invoices that the customer reads of, and `parts` what the ledger says that the message is about.
    """

    handover: Handover
    claimed_at: datetime
    written_at: datetime
    day: date
    message: Message | None
    named: tuple[Invoice, ...]
    parts: tuple[Part, ...]


def contacts(evidence: Evidence) -> Iterator[Contact]:
    """Yield every contact in the order of hand-over, repeats included."""
    for handover in evidence.provider.kept:
        message = evidence.message.get(handover.message_id)
        claims = evidence.claims_of.get(handover.message_id, [])
        claimed_at = max((at for at in claims if at <= handover.begun_at), default=handover.begun_at)
        written_at = claimed_at
        if message is not None:
            written_at = min((at for at in claims if _date(message.mime) <= at <= claimed_at), default=claimed_at)
        yield Contact(
            handover,
            claimed_at,
            written_at,
            evidence.ledger.rules.day(claimed_at),
            message,
            _named(handover, evidence),
            () if message is None else _parts(evidence, message),
        )


def _named(handover: Handover, evidence: Evidence) -> tuple[Invoice, ...]:
    if evidence.is_idempotent:
        fields = json.loads(handover.content)
        text = f"{fields['subject']} {fields['text']}"
    else:
        parsed = message_from_bytes(handover.content, policy=SMTP)
        plain = parsed.get_body(("plain",))
        text = f"{parsed['Subject']} {'' if plain is None else plain.get_content()}"
    numbers = sorted(set(_NUMBER.findall(text)))
    return tuple(evidence.numbered[number] for number in numbers if number in evidence.numbered)


def _parts(evidence: Evidence, message: Message) -> tuple[Part, ...]:
    parts = []
    for action in evidence.actions_of.get(message.action_id, ()):
        collection = evidence.collection[action.collection_id]
        parts.append(Part(action, collection, evidence.invoice[collection.invoice_id]))
    return tuple(parts)


def _date(mime: bytes) -> datetime:
    """Return when the attempt began that wrote the message, in whole seconds."""
    moment: datetime = BytesHeaderParser(policy=SMTP).parsebytes(mime)["Date"].datetime
    return moment
