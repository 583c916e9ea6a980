"""Puts a message together: what the ledger knows, said by the mailer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from activities.attachments import attachments_for
from activities.envelopes import Addressed, addressed, logo_for, sender_of
from activities.letter_values import letter_of, listed_of, look_of, standing_of
from activities.texts import text_of
from db.engine import Session
from db.operations.drafts import Draft
from db.operations.sending import Claim, StoredMessage
from db.queries.accounts import account_of
from db.queries.calendar import local_date
from db.queries.collections import OpenCollection
from db.queries.correspondence import Correspondence, correspondences
from db.queries.senders import sender_named
from dunning.cadence import Step
from mailer.compose import compose, message_id
from mailer.formats import language_of
from mailer.headers import Mailbox
from mailer.refusals import CannotRender
from mailer.render import Rendered, asks_for_standing, render
from mailer.tags import Letter


def write_message(session: Session, claim: Claim, at: datetime) -> StoredMessage:
    """Return the message for the claimed step, rendered and composed. Raises CannotRender with the reason.

    With other invoices in the claim it lists them all (rule 2.15).
    """
    collection, step = claim.settled.collection, claim.step
    about, rendered = write_text(session, collection, step, at, claim.draft, claim.others)
    # What is sent anew after it came back is another message, which no server may take for the first one.
    key = step.id if not claim.returned else f"{step.id} ({claim.returned})"
    identity = message_id(about.organization_email, collection.id, key, claim.occurrence)
    to, mime = composed(session, about, rendered, step, identity, at, others=claim.others)
    parties = to.sender, to.recipients, rendered.subject, mime, to.copies, to.reply_token
    return StoredMessage(claim.action_id, identity, *parties)


def composed(
    session: Session,
    about: Correspondence,
    rendered: Rendered,
    step: Step,
    identity: str,
    at: datetime,
    only_to: str | None = None,
    others: Sequence[int] = (),
) -> tuple[Addressed, bytes]:
    """Return the step's message about the invoice with its parties, to the byte. Raises CannotRender.

    `only_to` is an address that it goes to instead of the customer and whoever gets a copy, and `others` are
    invoices that it is about too.
    """
    to = addressed(about, step, sender_of(session, step), identity)
    if only_to is not None:
        envelope = replace(to.envelope, to=(Mailbox("", only_to),), cc=())
        to = replace(to, envelope=envelope, recipients=(only_to,), copies=())
    locale = about.recipients(step.recipients)[0].locale or about.locale
    files = attachments_for(session, about, others, locale, local_date(session, at))
    try:
        return to, compose(rendered, to.envelope, at, logo_for(session, rendered), files)
    except ValueError as error:
        raise CannotRender(f"the message cannot be written: {error}") from error


def write_text(
    session: Session,
    collection: OpenCollection,
    step: Step,
    at: datetime,
    draft: Draft | None = None,
    others: Sequence[int] = (),
    locale: str | None = None,
) -> tuple[Correspondence, Rendered]:
    """Return whom a message of the step is for, and its text as the template and the draft have it.

    It is written in the customer's locale unless another one is given.
    Raises CannotRender with the reason.
    """
    facts = collection.facts
    all_about = correspondences(session, [collection.invoice_id, *others])
    about = next((one for one in all_about if one.invoice_id == collection.invoice_id), None)
    if about is None:
        raise CannotRender("nobody at the customer can be written to")
    recipients = about.recipients(step.recipients)
    if {one.recipients(step.recipients) for one in all_about} != {recipients}:
        raise CannotRender("the invoices have different recipients")
    if draft is not None and draft.subject is not None and draft.body is not None:
        return about, Rendered(draft.subject, draft.body)
    if step.template is None:
        raise CannotRender(f"step {step.id} has no template")
    assert facts.cadence is not None
    positions = [candidate.id for candidate in facts.cadence.steps]
    today = facts.calendar.local_date(at)
    letter = letter_of(
        about,
        recipients[0],
        sender_named(session, step.sender),
        today,
        step_number=positions.index(step.id) + 1,
        step_of=len(positions),
        step_name=step.name,
        last_contact_on=facts.last_contact_on,
    )
    if locale is not None:
        letter = replace(letter, locale=locale)
    if others:
        letter = replace(letter, listed=tuple(listed_of(one) for one in all_about))
    rendered = rendered_for(session, step.template, letter, about)
    if draft is not None:
        # Whoever wrote a body of their own wrote it as plain text.
        html = rendered.html if draft.body is None else None
        rendered = Rendered(draft.subject or rendered.subject, draft.body or rendered.body, html)
    return about, rendered


def rendered_for(session: Session, template: str, letter: Letter, about: Correspondence) -> Rendered:
    """Return the template's text for the letter, in its language and the organization's look.

    Raises CannotRender with the template's name and the reason.
    """
    try:
        text = text_of(session, template, language_of(letter.locale))
        if asks_for_standing(text):
            account = account_of(session, about.customer_id, letter.today)
            letter = replace(letter, standing=standing_of(account))
        return render(text, letter, look_of(about))
    except CannotRender as obstacle:
        raise CannotRender(f"template {template}: {obstacle}") from obstacle
