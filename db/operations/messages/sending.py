"""Claims a step that is due and keeps its message before it is handed over; `recording` tells what came of it."""

import json
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.operations.actions import claim_action
from db.operations.change import Change
from db.operations.deciding import soon_again
from db.operations.messages.claim_locks import lock_for_claim
from db.operations.messages.drafts import Draft, draft_of
from db.operations.messages.merging import carried_with, leave_out, take_along
from db.operations.messages.withdrawal import MAYBE_DELIVERED, withdraw
from db.operations.settle import Settled, announce, settle
from db.statement import Statement
from db.tables.actions import Message
from dunning.cadence import Step
from dunning.decision import Send, Wait
from dunning.writing import MESSAGE


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A message as it is handed over, to the byte.

    `recipients` are the customer's people, `copies` all others who get it, openly or not.
    """

    action_id: int
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    mime: bytes
    copies: tuple[str, ...] = ()
    reply_token: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A step that may be sent now: nobody else holds it.

    `message` is what an earlier attempt stored and may have delivered, and `unanswered` how many attempts
    ended without an answer; this is attempt number `attempt`. `others` are the invoices that a new message is
    about too (rule 2.15). `draft` is what a person made of the message, if one did. `returned` says how often
    the step's message came back (rule 2.16), and `has_limits` that its sender may have to wait for its turn.
    """

    action_id: int
    settled: Settled
    step: Step
    occurrence: int
    message: StoredMessage | None
    unanswered: int = 0
    attempt: int = 1
    others: tuple[int, ...] = ()
    draft: Draft | None = None
    returned: int = 0
    has_limits: bool = True

    @property
    def is_beside_steps(self) -> bool:
        """Say whether it is a message that a person wrote outside the cadence (rule 4.8)."""
        return self.step.id == MESSAGE


def claim_step(session: Session, invoice_id: int, change: Change) -> Claim | Settled | None:
    """Decide again with the invoice locked, and claim the step if it is still due (rule 3.9).

    Returns the settled collection instead if nothing is to be sent now, and None if there is no open
    collection. A message that an earlier attempt left behind unsent is withdrawn when it is not due any more.
    """
    companions = lock_for_claim(session, invoice_id, change)
    settled = settle(session, invoice_id, change)
    if settled is None or not isinstance(settled.decision, Send):
        withdraw(session, invoice_id, MAYBE_DELIVERED, change)
        return settled
    if settled.is_approved:
        # What a person approved is about this invoice alone, in their words.
        companions = None
    if companions is not None:
        carrying = carried_with(session, settled, change.at)
        if carrying is not None:
            withdraw(session, invoice_id, MAYBE_DELIVERED, change)
            return _leave_to(session, settled, carrying, change)
    decision = settled.decision
    action = claim_action(session, settled)
    action_id = action.id
    if action.has_others:
        withdraw(session, invoice_id, MAYBE_DELIVERED, change, but_action_id=action_id)
    row = session.scalar(select(Message).where(Message.action_id == action_id)) if action.has_message else None
    draft = draft_of(session, action_id) if settled.is_approved else None
    step = decision.step, decision.occurrence
    claim = Claim(action_id, settled, *step, message=None, draft=draft, has_limits=action.has_limits)
    if row is not None:
        claim = replace(claim, unanswered=row.unanswered + (row.state == "sending"), attempt=row.attempts + 1)
        # What certainly was not delivered is written anew: amounts and days may be others by now (rule 3.3).
        if row.state == "sending" or (row.state == "deferred" and row.unanswered):
            parties = row.sender, tuple(row.recipients), row.subject, row.mime, tuple(row.copies)
            message = StoredMessage(action_id, row.message_id, *parties, row.reply_token)
            return replace(claim, message=message)
    claim = replace(claim, returned=action.returned)
    if companions is None:
        return claim
    return replace(claim, others=take_along(session, settled, action_id, companions, change))


def claim_alone(session: Session, claim: Claim) -> Claim:
    """Return the claim for a message about its own invoice only; the others go out by themselves."""
    leave_out(session, claim.action_id)
    return replace(claim, others=())


def _leave_to(session: Session, settled: Settled, carrying: str, change: Change) -> Settled:
    """Wait for the process of the invoice that carries the message; it may be handing it over right now."""
    decision = settled.decision
    assert isinstance(decision, Send)
    wait = Wait(None, decision.step, decision.due_on, decision.because)
    return announce(session, settled, soon_again(wait, change.at, f"with {carrying}"), change)


# By uq_messages_action_id.
_STORE = Statement("""
INSERT INTO messages (action_id, message_id, sender, recipients, copies, reply_token, subject, mime, state,
                      attempts, unanswered, handed_at)
VALUES (:action_id, :message_id, :sender, CAST(:recipients AS jsonb), CAST(:copies AS jsonb), :reply_token,
        :subject, :mime, 'sending', 1, :unanswered, now())
    ON CONFLICT (action_id) DO UPDATE
   SET message_id = excluded.message_id, sender = excluded.sender, recipients = excluded.recipients,
       copies = excluded.copies, reply_token = excluded.reply_token, subject = excluded.subject,
       mime = excluded.mime, state = 'sending', attempts = messages.attempts + 1,
       unanswered = excluded.unanswered, handed_at = now(), returned_at = NULL, returned_because = NULL
""")


def store_message(session: Session, message: StoredMessage, unanswered: int = 0) -> None:
    """Keep the message before it is handed over, and count the attempt."""
    values = {
        "action_id": message.action_id,
        "message_id": message.message_id,
        "sender": message.sender,
        "recipients": json.dumps(message.recipients),
        "copies": json.dumps(message.copies),
        "reply_token": message.reply_token,
        "subject": message.subject,
        "mime": message.mime,
        "unanswered": unanswered,
    }
    _STORE.run(session, **values)
