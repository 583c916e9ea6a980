"""Addresses a message: from whom it is, to whom it goes with which copies, and where replies go."""

from dataclasses import dataclass

from db.engine import Session
from db.queries.correspondence import Correspondence
from db.queries.organization import organization_logo
from db.queries.senders import Sender
from dunning.cadence import Step
from mailer.addresses import with_token
from mailer.compose import LOGO_ID, Attachment, Envelope, reply_token
from mailer.headers import Mailbox
from mailer.refusals import CannotRender
from mailer.render import Rendered


@dataclass(frozen=True, slots=True)
class Addressed:
    """A message's envelope, and what of it the transport needs; blind copies are in `copies` alone."""

    envelope: Envelope
    sender: str
    recipients: tuple[str, ...]
    copies: tuple[str, ...]
    reply_token: str


def require_sender(sender: Sender | None, step: Step) -> Sender:
    """Return who the step's message is from. Raises CannotRender if nothing may go out from there (rule 4.4)."""
    if sender is None:
        raise CannotRender(f"there is no sender {step.sender}")
    if not sender.is_verified:
        raise CannotRender(f"the sender {sender.email} is not verified")
    return sender


def addressed(about: Correspondence, step: Step, sender: Sender, message_id: str) -> Addressed:
    """Return the envelope of the step's message about an invoice.

    All contacts with the step's roles are written to together (rule 8.2), and where the organization wants it,
    replies bear a token by which they are recognised even if a mail program loses the thread (rule 8.3).
    """
    token = reply_token(message_id)
    replies_to = with_token(sender.replies_to, token) if sender.marks_replies else sender.replies_to
    to = about.recipients(step.recipients)
    seen = {one.email.lower() for one in to}
    cc = _others(step.cc, seen)
    bcc = _others(step.bcc, seen)
    envelope = Envelope(
        sender=Mailbox(sender.name, sender.email),
        to=tuple(Mailbox(one.name, one.email) for one in to),
        message_id=message_id,
        thread=about.thread,
        cc=tuple(Mailbox("", email) for email in cc),
        reply_to=Mailbox(sender.name, replies_to),
    )
    return Addressed(envelope, sender.email, tuple(one.email for one in to), (*cc, *bcc), token)


def logo_for(session: Session, rendered: Rendered) -> Attachment | None:
    """Return the organization's logo if the text shows it."""
    if rendered.html is None or f"cid:{LOGO_ID}" not in rendered.html:
        return None
    logo = organization_logo(session)
    if logo is None:
        return None
    content, media_type = logo
    return Attachment(f"logo.{media_type.rpartition('/')[2]}", media_type, content)


def _others(emails: tuple[str, ...], seen: set[str]) -> tuple[str, ...]:
    """Return the addresses that nobody has yet, and remember them."""
    others = []
    for email in emails:
        if email.lower() not in seen:
            seen.add(email.lower())
            others.append(email)
    return tuple(others)
