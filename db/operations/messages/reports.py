"""Records what else is said of our messages: delays, complaints, and bounces that do not say of whom."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from db.operations.change import Change
from db.operations.messages.addresses import REASON_CHARACTERS_MAX, address_key, set_unreachable
from db.operations.messages.beside_steps import open_beside
from db.operations.messages.message_parts import MessagePart
from db.operations.messages.returns import CAME_BACK, Undelivered, note_parts, plan_parts
from db.tables.actions import Message
from dunning.cadence import Channel
from phrase import N_

ASKED_NOT_TO_BE_WRITTEN_TO = "asked not to be written to"
# Of to-dos beside the steps.
COMPLAINT = N_("(complaint)")
BOUNCE = N_("(bounce)")


def record_delay(
    session: Session,
    message: Message,
    parts: Sequence[MessagePart],
    failures: Sequence[Undelivered],
    inbox_id: int,
    change: Change,
) -> None:
    """Note that a mail server is still trying; it will say what came of it, or nothing if it went well."""
    because = "; ".join(dict.fromkeys(failure.reason for failure in failures))[:REASON_CHARACTERS_MAX]
    if message.state == "sent":
        message.returned_because = because
    note_parts(session, change, "message delayed", parts, inbox=inbox_id, because=because)


def record_unnamed_bounce(
    session: Session,
    message: Message,
    parts: Sequence[MessagePart],
    because: str,
    inbox_id: int,
    change: Change,
) -> None:
    """Ask the owners to look: the message came back from somebody, and nobody says from whom.

    Whether it was a contact nobody can tell: it counts. The caller holds the invoices' locks.
    """
    because = because[:REASON_CHARACTERS_MAX]
    note_parts(
        session, change, CAME_BACK, parts, message=str(message.id), inbox=inbox_id, recipients=[], because=because
    )
    message.returned_at, message.returned_because = change.at, because
    session.flush()
    open_beside(session, parts[0], "message", BOUNCE, Channel.TASK, because, change)


def record_complaint(
    session: Session,
    message: Message,
    parts: Sequence[MessagePart],
    complainants: Sequence[str],
    inbox_id: int,
    change: Change,
) -> None:
    """Write to whoever complained no more, and ask the owners to look. The caller holds the invoices' locks."""
    said = {address_key(each) for each in complainants}
    named = [each for each in message.recipients if address_key(each) in said]
    # Reports often leave out whom they are from. Then it may be any of those that it was written to.
    because = dict.fromkeys(map(address_key, named or message.recipients), ASKED_NOT_TO_BE_WRITTEN_TO)
    set_unreachable(session, parts[0].customer_id, because)
    if message.state == "sent":
        message.state = "complained"
    message.returned_because = ASKED_NOT_TO_BE_WRITTEN_TO
    session.flush()
    note_parts(session, change, "complaint received", parts, inbox=inbox_id, recipients=sorted(because))
    who = ", ".join(sorted(because))
    sentence = f"{who} reported the message as unwanted, and gets nothing more by itself"
    open_beside(session, parts[0], "message", COMPLAINT, Channel.TASK, sentence, change)
    plan_parts(session, parts, change)
