"""Doctor: the mail server."""

import asyncio
import smtplib
import threading

from console.check import Check
from console.environment import place_of
from mailer.smtp import SmtpServer, SmtpTransport
from settings import Settings

SECONDS_MAX = 5.0


async def examine(chosen: Settings) -> list[Check]:
    """Return how the mail server greets."""
    mend = "start the mail server, or set SMTP_URL"
    try:
        server = SmtpServer.from_url(chosen.smtp_url)
    except ValueError as error:
        return [Check("mail", "missing", "SMTP_URL cannot be read", f"set SMTP_URL ({error})")]
    place = place_of(chosen.smtp_url)
    try:
        greeting = await _within(SmtpTransport(server))
    except TimeoutError:
        return [Check("mail", "missing", f"{place} does not answer", mend)]
    except smtplib.SMTPAuthenticationError as error:
        return [
            Check(
                "mail",
                "missing",
                f"{place} refuses the login: {error.smtp_code}",
                "mend user and password in SMTP_URL",
            )
        ]
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        return [Check("mail", "missing", f"{place}: {_said(error)}", mend)]
    user = f", as {server.username}" if server.username else ""
    return [Check("mail", "ok", f"{place} greets as {greeting}{user}")]


def _said(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


async def _within(transport: SmtpTransport) -> str:
    """Return the greeting. Raises what the probe raises, and TimeoutError when patience ends."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()

    def deliver(greeting: str | None, error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(greeting or "")

    def probe() -> None:
        greeting, failed = None, None
        try:
            greeting = transport.probe()
        except Exception as error:
            failed = error
        try:
            loop.call_soon_threadsafe(deliver, greeting, failed)
        except RuntimeError:
            # The loop has ended: nobody waits for the answer any more.
            return

    # The transport itself is patient, and a thread that the program had to wait for would be so too.
    threading.Thread(target=probe, daemon=True).start()
    async with asyncio.timeout(SECONDS_MAX):
        return await answer
