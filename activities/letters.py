"""Puts a message together: what the ledger knows, said by the mailer."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from activities.attachments import attachments_for
from activities.envelopes import addressed, logo_for, require_sender
from activities.letter_values import letter_of, listed_of, look_of, standing_of
from activities.texts import text_of
from db.engine import Session
from db.operations.messages.drafts import Draft
from db.operations.messages.sending import Claim, StoredMessage
from db.queries.accounts import account_of
from db.queries.correspondence import Correspondence, correspondences
from db.queries.senders import Sender, sender_named
from dunning.cadence import Step
from dunning.facts import Facts
from mailer.compose import Envelope, compose, message_id
from mailer.formats import language_of
from mailer.refusals import CannotRender
from mailer.render import Rendered, asks_for_standing, render
from mailer.tags import Letter
from mailer.texts import Text
from mailer.written import render_written


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a message is written for: a step of an invoice's cadence, as of a moment.

    `others` are invoices that it is about too (rule 2.15). It is written in the customer's locale unless `locale`
    names another one. `reminders_before` are those that go out before it and have not yet.
    `text` is said in place of the template's text in force.
    """

    facts: Facts
    step: Step
    at: datetime
    others: tuple[int, ...] = ()
    locale: str | None = None
    reminders_before: int = 0
    text: Text | None = None

    @property
    def today(self) -> date:
        """The organization's day."""
        return self.facts.calendar.local_date(self.at)

    def locale_of(self, about: Correspondence) -> str:
        """Return the locale that the message is written in."""
        return self.locale or about.recipients(self.step.recipients)[0].locale or about.locale

    def language_of(self, about: Correspondence) -> str:
        """Return the language of that locale."""
        return language_of(self.locale_of(about))


def write_message(session: Session, claim: Claim, at: datetime) -> StoredMessage:
    """Return the message for the claimed step, rendered and composed. Raises CannotRender with the reason.

    With other invoices in the claim it lists them all (rule 2.15).
    """
    collection, step = claim.settled.collection, claim.step
    occasion = Occasion(collection.facts, step, at, claim.others)
    sender = sender_named(session, step.sender)
    about, rendered = write_text(session, occasion, sender, claim.draft)
    # What is sent anew after it came back is another message, which no server may take for the first one.
    key = step.id if not claim.returned else f"{step.id} ({claim.returned})"
    identity = message_id(about.organization_email, collection.id, key, claim.occurrence)
    to = addressed(about, step, require_sender(sender, step), identity)
    mime = composed(session, occasion, about, rendered, to.envelope, at)
    parties = to.sender, to.recipients, rendered.subject, mime, to.copies, to.reply_token
    return StoredMessage(claim.action_id, identity, *parties)


def composed(
    session: Session,
    occasion: Occasion,
    about: Correspondence,
    rendered: Rendered,
    envelope: Envelope,
    dated: datetime,
) -> bytes:
    """Return the message to the byte, with the files that go with it. Raises CannotRender."""
    files = attachments_for(session, about, occasion.others, occasion.locale_of(about), occasion.today)
    try:
        return compose(rendered, envelope, dated, logo_for(session, rendered), files)
    except ValueError as error:
        raise CannotRender(f"the message cannot be written: {error}") from error


def write_text(
    session: Session, occasion: Occasion, sender: Sender | None, draft: Draft | None = None
) -> tuple[Correspondence, Rendered]:
    """Return whom the message is for, and its text as the template and the draft have it.

    Raises CannotRender with the reason.
    """
    facts, step = occasion.facts, occasion.step
    all_about = correspondences(session, [facts.invoice.id, *occasion.others])
    about = next((one for one in all_about if one.invoice_id == facts.invoice.id), None)
    if about is None:
        raise CannotRender("nobody at the customer can be written to")
    recipients = about.recipients(step.recipients)
    if {one.recipients(step.recipients) for one in all_about} != {recipients}:
        raise CannotRender("the invoices have different recipients")
    if draft is not None and draft.subject is not None and draft.body is not None:
        return about, render_written(draft.subject, draft.body, look_of(about), occasion.language_of(about))
    if step.template is None:
        raise CannotRender(f"step {step.id} has no template")
    letter = _letter(occasion, about, sender)
    if occasion.others:
        letter = replace(letter, listed=tuple(listed_of(one) for one in all_about))
    rendered = rendered_for(session, step.template, letter, about, occasion.text)
    if draft is not None and draft.body is not None:
        language = occasion.language_of(about)
        return about, render_written(rendered.subject, draft.body, look_of(about), language)
    if draft is not None and draft.subject is not None:
        rendered = replace(rendered, subject=draft.subject)
    return about, rendered


def _letter(occasion: Occasion, about: Correspondence, sender: Sender | None) -> Letter:
    facts, step = occasion.facts, occasion.step
    assert facts.cadence is not None
    positions = [candidate.id for candidate in facts.cadence.steps]
    letter = letter_of(
        about,
        about.recipients(step.recipients)[0],
        sender,
        occasion.today,
        step_number=positions.index(step.id) + 1,
        step_of=len(positions),
        step_name=step.name,
        last_contact_on=facts.last_contact_on,
    )
    if occasion.locale is None and not occasion.reminders_before:
        return letter
    reminders_sent = letter.reminders_sent + occasion.reminders_before
    return replace(letter, locale=occasion.locale_of(about), reminders_sent=reminders_sent)


def rendered_for(
    session: Session, template: str, letter: Letter, about: Correspondence, text: Text | None = None
) -> Rendered:
    """Return the template's text for the letter, in its language and the organization's look.

    Raises CannotRender with the template's name and the reason.
    """
    try:
        text = text or text_of(session, template, language_of(letter.locale))
        return render(text, with_standing(session, text, letter, about), look_of(about))
    except CannotRender as obstacle:
        raise CannotRender(f"template {template}: {obstacle}") from obstacle


def with_standing(session: Session, text: Text, letter: Letter, about: Correspondence) -> Letter:
    """Return the letter with what the customer owes in all, if the text says that. Raises BadText."""
    if not asks_for_standing(text):
        return letter
    return replace(letter, standing=standing_of(account_of(session, about.customer_id, letter.today)))
