"""Doctor: what comes back, by the mailbox and from Resend."""

from console.doctor.check import Check
from console.doctor.patience import soon
from intake.mailbox_connection import Mailbox, MailboxAddress, MailboxUnavailable
from mailer.choice import statuses_of
from mailer.resend_statuses import StatusesUnavailable
from settings import Settings


async def examine(chosen: Settings) -> list[Check]:
    """Return whether the mailbox can be read, and whether Resend says what bounces, if messages go out by it."""
    return [await _mailbox(chosen.inbox_url), *await _provider(chosen)]


async def _mailbox(url: str | None) -> Check:
    if not url:
        return Check("mailbox", "optional", "none: replies are not fetched, nor bounces", "set INBOX_URL")
    try:
        address = MailboxAddress.from_url(url)
    except ValueError as error:
        return Check("mailbox", "missing", "INBOX_URL cannot be read", f"set INBOX_URL ({error})")

    def look() -> str:
        with Mailbox(address) as mailbox:
            return f"{len(mailbox.untaken())} to take in"

    mend = "start the mail server, or mend INBOX_URL"
    try:
        return Check("mailbox", "ok", f"{address.place}, {await soon(look)}")
    except TimeoutError:
        return Check("mailbox", "missing", f"{address.place} does not answer", mend)
    except MailboxUnavailable as unavailable:
        return Check("mailbox", "missing", f"{address.place}: {unavailable}", mend)


async def _provider(chosen: Settings) -> list[Check]:
    try:
        statuses = statuses_of(chosen.resend_api_key, chosen.resend_url)
    except ValueError:
        # The check of the way out has said so.
        return []
    if statuses is None:
        return []

    def ask() -> str:
        statuses.page()
        return "Resend says what bounces"

    mend = "set RESEND_API_KEY to a key with full access"
    try:
        return [Check("bounces", "ok", await soon(ask))]
    except TimeoutError:
        return [Check("bounces", "warn", "Resend does not say what bounces")]
    except StatusesUnavailable as unavailable:
        return [Check("bounces", "warn", f"not seen: {unavailable}", mend)]
