"""Chooses the way out: Resend for whoever has a key of it, SMTP for everybody else."""

from mailer.resend import ResendAccount, ResendTransport
from mailer.smtp import SmtpServer, SmtpTransport
from mailer.transport import Transport


def transport_of(smtp_url: str, resend_api_key: str | None, resend_url: str, connections: int = 16) -> Transport:
    """Return the transport that the settings name; nothing is connected yet.

    `connections` is how many messages are handed over at once. Raises ValueError, without password or key, for an
    address that makes no sense.
    """
    if resend_api_key:
        return ResendTransport(ResendAccount(resend_api_key, resend_url), connections)
    return SmtpTransport(SmtpServer.from_url(smtp_url))
