"""Fills in the tags of a message that a person writes outside the cadence, and says whom it is for (rule 4.8)."""

from dataclasses import dataclass
from datetime import datetime

from activities.envelopes import addressed, require_sender
from activities.letter_values import letter_of, look_of
from activities.letters import rendered_for, with_standing
from activities.texts import text_of
from db.engine import Session
from db.queries.collections import case_of
from db.queries.correspondence import Correspondence, correspondence
from db.queries.senders import Sender, sender_named
from dunning.facts import Facts
from dunning.writing import message_step
from mailer.compose import message_id
from mailer.formats import language_of
from mailer.refusals import CannotRender
from mailer.render import fill_in
from mailer.tags import Letter
from mailer.texts import Text
from mailer.written import render_written


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to say: in their words, which may have tags, or else in those of a template.

    `as_step` is the step that the message is used as; its sender and its recipients are those of the message.
    """

    subject: str | None = None
    body: str | None = None
    template: str | None = None
    as_step: str | None = None


@dataclass(frozen=True, slots=True)
class InOwnWords:
    """A message as it goes out if its writer says so now; `html` is its body as mail programs show it."""

    subject: str
    body: str
    html: str | None
    sender: str
    recipients: tuple[str, ...]
    copies: tuple[str, ...]


def in_own_words(session: Session, invoice_id: int, wish: Wish, now: datetime) -> InOwnWords:
    """Return the message with its tags filled in. Raises CannotRender with the reason."""
    facts = case_of(session, invoice_id).facts
    step = message_step(facts, wish.as_step)
    sender = require_sender(sender_named(session, step.sender), step)
    about = correspondence(session, invoice_id)
    if about is None:
        raise CannotRender("nobody at the customer can be written to")
    letter = _letter(facts, about, sender, wish.as_step, now)
    subject, body = _said(session, wish, letter, about)
    # Only those who get it are asked for; its Message-ID is that of the action which sends it.
    nameless = message_id(about.organization_email, invoice_id, "preview", 0)
    parties = addressed(about, step, sender, nameless)
    html = render_written(subject, body, look_of(about), language_of(letter.locale)).html
    return InOwnWords(subject, body, html, parties.sender, parties.recipients, parties.copies)


def _said(session: Session, wish: Wish, letter: Letter, about: Correspondence) -> tuple[str, str]:
    language = language_of(letter.locale)
    of_template = Text("-", "-", language)
    if wish.template is not None and (wish.subject is None or wish.body is None):
        rendered = rendered_for(session, wish.template, letter, about, text_of(session, wish.template, language))
        of_template = Text(rendered.subject, rendered.body, language)
    elif wish.subject is None or wish.body is None:
        raise CannotRender("a message needs a subject and a text, or a template")
    typed = Text(wish.subject or "-", wish.body or "-", language)
    subject, body = fill_in(typed, with_standing(session, typed, letter, about))
    return (
        of_template.subject if wish.subject is None else subject,
        of_template.body if wish.body is None else body,
    )


def _letter(facts: Facts, about: Correspondence, sender: Sender, as_step: str | None, now: datetime) -> Letter:
    """Return what the tags say. Outside the cadence there is no step: then it is as if it were the first one."""
    steps = () if facts.cadence is None else facts.cadence.steps
    place = next((index for index, step in enumerate(steps) if step.id == as_step), 0)
    return letter_of(
        about,
        about.recipients(message_step(facts, as_step).recipients)[0],
        sender,
        facts.calendar.local_date(now),
        step_number=place + 1,
        step_of=max(len(steps), 1),
        step_name=steps[place].name if as_step is not None and steps else None,
        last_contact_on=facts.last_contact_on,
    )
