"""Puts a message together: what the ledger knows, said by the mailer."""

from dataclasses import replace
from datetime import date, datetime

from db.engine import Session
from db.operations.sending import Claim, StoredMessage
from db.queries.correspondence import Correspondence, correspondences
from dunning.money import Money
from mailer.compose import Envelope, compose, message_id
from mailer.render import CannotRender, render
from mailer.tags import Letter, Listed


def write_message(session: Session, claim: Claim, at: datetime) -> StoredMessage:
    """Return the message for the claimed step, rendered and composed. Raises CannotRender with the reason.

    With other invoices in the claim it lists them all (rule 2.15).
    """
    collection, step = claim.settled.collection, claim.step
    facts = collection.facts
    all_about = correspondences(session, [collection.invoice_id, *claim.others])
    about = next((one for one in all_about if one.invoice_id == collection.invoice_id), None)
    if about is None:
        raise CannotRender("nobody at the customer can be written to")
    if {one.recipient for one in all_about} != {about.recipient}:
        raise CannotRender("the invoices have different recipients")
    if step.template is None:
        raise CannotRender(f"step {step.id} has no template")
    assert facts.cadence is not None
    positions = [candidate.id for candidate in facts.cadence.steps]
    letter = _letter(about, positions.index(step.id) + 1, len(positions), facts.calendar.local_date(at))
    if claim.others:
        letter = replace(letter, listed=tuple(_listed(one) for one in all_about))
    rendered = render(step.template, letter)
    identity = message_id(about.organization_email, collection.id, step.id, claim.occurrence)
    recipient = about.recipient
    envelope = Envelope(
        sender_name=about.organization_name,
        sender_email=about.organization_email,
        recipient_name=" ".join(name for name in (recipient.first_name, recipient.last_name) if name),
        recipient_email=recipient.email,
        message_id=identity,
        thread=about.thread,
    )
    try:
        mime = compose(rendered, envelope, at)
    except ValueError as error:
        raise CannotRender(f"a header cannot be written: {error}") from error
    sender, recipients = about.organization_email, (recipient.email,)
    return StoredMessage(claim.action_id, identity, sender, recipients, rendered.subject, mime)


def _listed(about: Correspondence) -> Listed:
    return Listed(
        number=about.number,
        po_number=about.po_number,
        issued_on=about.issued_on,
        due_on=about.due_on,
        total=Money(about.total, about.currency),
        paid=Money(about.settled, about.currency),
        outstanding=Money(about.outstanding, about.currency),
    )


def _letter(about: Correspondence, step_number: int, step_of: int, today: date) -> Letter:
    return Letter(
        locale=about.locale,
        today=today,
        organization_name=about.organization_name,
        organization_email=about.organization_email,
        organization_address=about.organization_address,
        bank_details=about.bank_details,
        customer_name=about.customer_name,
        contact_first_name=about.recipient.first_name,
        contact_last_name=about.recipient.last_name,
        invoice_number=about.number,
        po_number=about.po_number,
        issued_on=about.issued_on,
        due_on=about.due_on,
        total=Money(about.total, about.currency),
        paid=Money(about.settled, about.currency),
        outstanding=Money(about.outstanding, about.currency),
        step_number=step_number,
        step_of=step_of,
        reminders_sent=about.reminders_sent,
    )
