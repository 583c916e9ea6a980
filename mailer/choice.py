"""Chooses the way out: Resend for whoever has a key of it, SMTP for everybody else."""

from mailer.addresses import BadAddress, wire_address
from mailer.domain_check import WayOut
from mailer.resend import ResendTransport
from mailer.resend_api import ResendAccount
from mailer.resend_statuses import ResendStatuses
from mailer.smtp import SmtpServer, SmtpTransport
from mailer.transport import Transport


def transport_of(
    smtp_url: str,
    resend_api_key: str | None,
    resend_url: str,
    connections: int = 16,
    bounces_to: str | None = None,
) -> Transport:
    """Return the transport that the settings name; nothing is connected yet.

    `connections` is how many messages are handed over at once, and `bounces_to` where mail servers send back what
    they cannot deliver, if not to the sender; Resend keeps that to itself. Raises ValueError, without password or
    key, for an address that makes no sense.
    """
    if resend_api_key:
        return ResendTransport(ResendAccount(resend_api_key, resend_url), connections)
    try:
        returns_to = wire_address(bounces_to) if bounces_to else None
    except BadAddress as error:
        raise ValueError(f"BOUNCES_TO: {error}") from error
    return SmtpTransport(SmtpServer.from_url(smtp_url), bounces_to=returns_to)


def way_out_of(smtp_url: str, resend_api_key: str | None, bounces_to: str | None = None) -> WayOut:
    """Return what can be known of how mail leaves, for those who look at what domains have published."""
    if resend_api_key:
        return WayOut(by_resend=True)
    returns_to = bounces_to.rpartition("@")[2].strip().lower() if bounces_to else None
    try:
        host = SmtpServer.from_url(smtp_url).host
    except ValueError:
        host = None
    return WayOut(host, returns_to=returns_to or None)


def statuses_of(resend_api_key: str | None, resend_url: str) -> ResendStatuses | None:
    """Return what says what became of messages, where they go out by a provider; None where bounces come by mail.

    Raises ValueError, without the key, for an address that makes no sense.
    """
    return ResendStatuses(ResendAccount(resend_api_key, resend_url)) if resend_api_key else None
