"""Tells the team what rules notify it of: by e-mail to a person or to each of a group, or as a webhook's event.

It is no contact with the customer, and never goes there: whoever gets it is a user. So it waits for no minimum
contact delay and no send time.
"""

import asyncio
from dataclasses import asdict, replace
from datetime import UTC, datetime

import structlog

from activities.envelopes import logo_for
from activities.letter_values import letter_of, look_of, standing_of
from db.engine import Engine, LedgerUnavailable, Session, transaction
from db.operations.rules.notifications import (
    Notice,
    addresses_of,
    end_notice,
    is_taken,
    keep_rendered,
    put_off,
    record_notified,
    take_notice,
)
from db.operations.webhooks import owe_webhook
from db.queries.accounts import account_of
from db.queries.calendar import local_date
from db.queries.correspondence import Recipient, what_is_known
from db.queries.organization import organization_settings
from db.queries.senders import Sender, sender_named
from db.tables.webhook_events import RULE_NOTIFIED
from mailer.compose import Envelope, compose, message_id
from mailer.formats import language_of
from mailer.headers import Mailbox
from mailer.refusals import CannotRender
from mailer.render import Rendered, asks_for_standing, render
from mailer.tags import Letter
from mailer.texts import Text
from mailer.transport import Deferred, Overtaken, Rejected, Transport, Uncertain, Unreachable

IDLE_SECONDS = 2.0
log = structlog.get_logger()


async def keep_notified(engine: Engine, transport: Transport) -> None:
    """Send what rules owe the team, for ever; a ledger that is away is waited for."""
    while True:
        try:
            while await asyncio.to_thread(notify_next, engine, transport, datetime.now(UTC)):
                pass
        except LedgerUnavailable as error:
            log.warning("the ledger is away, notifications of rules wait", reason=str(error))
        await asyncio.sleep(IDLE_SECONDS)


def notify_next(engine: Engine, transport: Transport, now: datetime) -> bool:
    """Make an attempt at the next notification that is due, and say whether there was one.

    Any number may do this at once. Raises LedgerUnavailable.
    """
    with transaction(engine) as session:
        notice = take_notice(session, now)
    if notice is None:
        return False
    try:
        if notice.channel == "webhook":
            _hand_to_webhooks(engine, notice, now)
        else:
            _mail(engine, transport, notice, now)
    except LedgerUnavailable:
        raise
    except CannotRender as obstacle:
        with transaction(engine) as session:
            end_notice(session, notice, now, str(obstacle))
    except (Deferred, Uncertain) as refusal:
        with transaction(engine) as session:
            put_off(session, notice, str(refusal), now, refusal.retry_after)
    except Overtaken:
        log.warning("another worker has the notification by now", notification_id=notice.id)
    except Exception as error:
        log.exception("a notification of a rule failed", notification_id=notice.id)
        with transaction(engine) as session:
            put_off(session, notice, f"{type(error).__name__}: {error}", now)
    return True


def _hand_to_webhooks(engine: Engine, notice: Notice, now: datetime) -> None:
    """Owe the event to the endpoints: from here on it is theirs to be told."""
    with transaction(engine) as session:
        rendered = _written(session, notice, now)
        data = {"rule": notice.rule, "text": rendered.body.rstrip("\n")}
        if not notice.is_to_a_person:
            data["recipient"] = notice.recipient
        count = owe_webhook(session, RULE_NOTIFIED, notice.invoice_id, data, notice.event_id)
        nobody = None if count else f"no webhook wants events of the kind {RULE_NOTIFIED}"
        end_notice(session, notice, now, nobody)


def _mail(engine: Engine, transport: Transport, notice: Notice, now: datetime) -> None:
    with transaction(engine) as session:
        rendered = _written(session, notice, now)
        keep_rendered(session, notice, asdict(rendered))
        emails, why = _recipients(session, notice)
        sender = _sender(session)
        organization_email = str(organization_settings(session)["email"])
        logo = logo_for(session, rendered)
    refused = [] if why is None else [why]
    for email in emails:
        if email in notice.sent_to:
            continue
        identity = message_id(organization_email, notice.id, f"notification to {email.lower()}", 0)
        to = Envelope(
            sender=Mailbox(sender.name, sender.email),
            to=(Mailbox("", email),),
            message_id=identity,
            reply_to=Mailbox(sender.name, sender.replies_to),
        )
        try:
            mime = compose(rendered, to, notice.created_at, logo)
            transport.send(sender.email, (email,), identity, mime, lambda: _is_mine(engine, notice))
        except (Unreachable, Rejected, ValueError) as refusal:
            refused.append(f"{email}: {refusal}")
            continue
        with transaction(engine) as session:
            record_notified(session, notice, email, datetime.now(UTC))
    with transaction(engine) as session:
        end_notice(session, notice, now, "; ".join(refused) or None)


def _is_mine(engine: Engine, notice: Notice) -> bool:
    with transaction(engine) as session:
        return is_taken(session, notice)


def _recipients(session: Session, notice: Notice) -> tuple[list[str], str | None]:
    """Return who gets it; where nobody is there any more, the organization's owner of to-dos, and why."""
    emails = addresses_of(session, notice.recipient)
    if emails:
        return emails, None
    owner = str(organization_settings(session)["todo_owner"])
    why = f"{notice.recipient} is no active user and no group with members"
    instead = addresses_of(session, owner)
    return instead, f"{why}; sent to {owner}" if instead else f"{why}, and neither is {owner}"


def _sender(session: Session) -> Sender:
    """Return the default sender if it is verified, else the organization's own address."""
    default = sender_named(session, None)
    if default is not None and default.is_verified:
        return default
    settings = organization_settings(session)
    email = str(settings["email"])
    return Sender(email, str(settings["name"]), None, None, email, is_verified=True, marks_replies=False)


def _written(session: Session, notice: Notice, now: datetime) -> Rendered:
    """Return what is said, in the organization's language, as the first attempt wrote it. Raises CannotRender."""
    if notice.rendered is not None:
        return Rendered(**notice.rendered)
    about = what_is_known(session, notice.invoice_id)
    settings = organization_settings(session)
    today = local_date(session, now)
    nobody = Recipient("", None, None, "main", is_main=True, locale=str(settings["locale"]))
    recipient = replace((about.contacts or (nobody,))[0], locale=str(settings["locale"]))
    letter: Letter = letter_of(
        about,
        recipient,
        _sender(session),
        today,
        step_number=0,
        step_of=0,
        step_name=None,
        last_contact_on=None,
    )
    text = Text("{{ invoice.number }}", notice.text, language_of(letter.locale))
    if asks_for_standing(text):
        letter = replace(letter, standing=standing_of(account_of(session, about.customer_id, today)))
    rendered = render(text, letter, look_of(about))
    return replace(rendered, subject=f"{notice.rule}: {rendered.subject}")
