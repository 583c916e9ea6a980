"""Shows a message before it is due: what the customer would get, sent to nobody or to a colleague alone."""

from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import datetime

from activities.envelopes import addressed, logo_for, require_sender
from activities.letters import composed, write_text
from activities.occasions import Expected, expected
from db.engine import Session
from db.queries.senders import sender_named
from dunning.cadence import Channel
from mailer.compose import message_id
from mailer.frame import LOGO
from mailer.headers import Mailbox
from mailer.refusals import CannotRender
from mailer.render import Rendered
from mailer.texts import Text
from phrase import Phrase, phrase


@dataclass(frozen=True, slots=True)
class Preview:
    """A message as it would go out, but for its Message-ID with what is made of it, its date, and `to`.

    `sentence` says when that would be. `blind_copies` are no part of the message, and `page` is its HTML for a
    browser, with the logo in it.
    """

    sentence: Phrase
    rendered: Rendered
    page: str | None
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    blind_copies: tuple[str, ...]
    mime: bytes


def preview(
    session: Session,
    template: str,
    invoice_id: int,
    now: datetime,
    locale: str | None = None,
    to: str | None = None,
    text: Text | None = None,
) -> Preview:
    """Return the message that the template makes about the invoice when its step comes; it is no contact.

    `to` is an address that it is for instead of the customer and whoever gets a copy, and `text` is shown in place
    of the template's text in force. Raises CannotRender.
    """
    *merged, alone = expected(session, template, invoice_id, now)
    identity = f"preview of {template} about {invoice_id} at {now.isoformat()}"
    for way in merged:
        try:
            return _made(session, way, identity, now, locale, to, text)
        except CannotRender:
            # As when it is sent: what cannot be said about several invoices is said about each.
            continue
    return _made(session, alone, identity, now, locale, to, text)


def _made(
    session: Session,
    way: Expected,
    identity: str,
    now: datetime,
    locale: str | None,
    to: str | None,
    text: Text | None,
) -> Preview:
    occasion = replace(way.occasion, locale=locale, text=text)
    step, sentence = occasion.step, way.sentence
    sender = sender_named(session, step.sender)
    about, rendered = write_text(session, occasion, sender)
    name = message_id(about.organization_email, about.invoice_id, identity, 0).replace("<", "<preview.", 1)
    parties = addressed(about, step, require_sender(sender, step), name)
    envelope, recipients = parties.envelope, parties.recipients
    open_copies = {one.email for one in envelope.cc}
    blind_copies = tuple(one for one in parties.copies if one not in open_copies)
    if to is not None:
        envelope, recipients, blind_copies = replace(envelope, to=(Mailbox("", to),), cc=()), (to,), ()
    mime = composed(session, occasion, about, rendered, envelope, now)
    if step.channel is not Channel.EMAIL:
        sentence = Phrase(
            "{comes} It is a {channel}: the customer gets no e-mail, and the text is for whoever does it.",
            comes=sentence,
            channel=phrase(step.channel.value),
        )
    page = _page(session, rendered)
    return Preview(sentence, rendered, page, name, parties.sender, recipients, blind_copies, mime)


def _page(session: Session, rendered: Rendered) -> str | None:
    logo = logo_for(session, rendered)
    if rendered.html is None or logo is None:
        return rendered.html
    content = b64encode(logo.content).decode()
    return rendered.html.replace(LOGO, f"data:{logo.media_type};base64,{content}")
