"""Doctor: the way out for mail."""

from console.connections.environment import place_of
from console.doctor.check import Check
from console.doctor.patience import soon
from mailer.choice import transport_of
from mailer.transport import ProbeFailed
from settings import Settings


async def examine(chosen: Settings) -> list[Check]:
    """Return how the mail server greets, or what Resend says to the key."""
    setting, url = ("RESEND_URL", chosen.resend_url) if chosen.resend_api_key else ("SMTP_URL", chosen.smtp_url)
    try:
        transport = transport_of(
            chosen.smtp_url, chosen.resend_api_key, chosen.resend_url, bounces_to=chosen.bounces_to
        )
    except ValueError as error:
        return [Check("mail", "missing", f"{setting} cannot be read", f"set {setting} ({error})")]
    place = place_of(url)
    try:
        greeting = await soon(transport.probe)
    except TimeoutError:
        return [Check("mail", "missing", f"{place} does not answer", _mend(setting))]
    except ProbeFailed as failure:
        return [Check("mail", "missing", f"{place}: {failure}", failure.mend)]
    return [Check("mail", "ok", f"{place} {greeting}")]


def _mend(setting: str) -> str:
    return "start the mail server, or set SMTP_URL" if setting == "SMTP_URL" else f"set {setting}"
